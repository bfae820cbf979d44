-- Intervals of presence of every agent. A repetition of presence and away state continues the
-- interval; the last one is open (no end) and lasts until as_of; offline has none. `n` counts those
-- of an agent that begin in the same millisecond, from 1.
SELECT
    /* evidence */ start_event, end_event,
    agent_id, presence, away_state, start_ms, end_ms, nth,
    row_number() OVER (PARTITION BY agent_id, start_ms ORDER BY nth) AS n
FROM (
    SELECT
        /* evidence */ event AS start_event,
        /* evidence */ lead(event) OVER agent AS end_event,
        agent_id, presence, away_state, time_ms AS start_ms,
        lead(time_ms) OVER agent AS end_ms,
        row_number() OVER agent AS nth
    FROM (
        SELECT
            /* evidence */ event,
            agent_id, presence, away_state, time_ms, sequence, source, id,
            lag(presence) OVER agent AS presence_before,
            lag(away_state) OVER agent AS away_state_before
        FROM presence_events
        WHERE type = 'presence.changed'
        WINDOW agent AS (PARTITION BY agent_id ORDER BY time_ms, sequence, source, id)
    ) AS changes
    WHERE presence_before IS NULL
        OR presence <> presence_before
        OR coalesce(away_state, '') <> coalesce(away_state_before, '')
    WINDOW agent AS (PARTITION BY agent_id ORDER BY time_ms, sequence, source, id)
) AS intervals
WHERE presence <> 'offline'
