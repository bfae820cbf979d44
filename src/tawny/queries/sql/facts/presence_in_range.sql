-- Intervals of presence that overlap the range, whole. `until_ms` is the end, or as_of for an open
-- one.
SELECT
    /* evidence */ start_event, end_event,
    agent_id, presence, away_state, start_ms, end_ms, coalesce(end_ms, $as_of_ms) AS until_ms, nth,
    n
FROM presence_intervals
WHERE start_ms < $to_ms AND coalesce(end_ms, $as_of_ms) > $from_ms
