-- Time of handle and no-response sessions during which the agent was also available, cut to the
-- range: a sweep over all borders of sessions and intervals.
WITH borders AS (
    SELECT agent_id, greatest(start_ms, $from_ms) AS time_ms, 1 AS available, 0 AS working
    FROM presence_in_range
    WHERE presence = 'available'
    UNION ALL
    SELECT agent_id, least(until_ms, $to_ms) AS time_ms, -1 AS available, 0 AS working
    FROM presence_in_range
    WHERE presence = 'available'
    UNION ALL
    SELECT agent_id, greatest(start_ms, $from_ms) AS time_ms, 0 AS available, 1 AS working
    FROM lock_sessions
    WHERE kind IN ('handle', 'no_response') AND start_ms < $to_ms AND end_ms > $from_ms
    UNION ALL
    SELECT agent_id, least(end_ms, $to_ms) AS time_ms, 0 AS available, -1 AS working
    FROM lock_sessions
    WHERE kind IN ('handle', 'no_response') AND start_ms < $to_ms AND end_ms > $from_ms
),

moments AS (
    SELECT agent_id, time_ms, sum(available) AS available, sum(working) AS working
    FROM borders
    GROUP BY agent_id, time_ms
),

states AS (
    SELECT
        agent_id, time_ms,
        lead(time_ms) OVER agent AS next_ms,
        sum(available) OVER agent AS available,
        sum(working) OVER agent AS working
    FROM moments
    WINDOW agent AS (PARTITION BY agent_id ORDER BY time_ms)
)

SELECT agent_id, CAST(sum(next_ms - time_ms) AS BIGINT) AS busy_ms
FROM states
WHERE available > 0 AND working > 0 AND next_ms IS NOT NULL
GROUP BY agent_id
