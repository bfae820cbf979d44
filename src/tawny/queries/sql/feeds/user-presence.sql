-- Intervals of agents that may have begun between two versions of the log.
SELECT
    agent_id AS user_id,
    time_ms AS "from",
    row_number() OVER (PARTITION BY agent_id, time_ms ORDER BY id) AS n
FROM all_presence
WHERE agent_id IN (SELECT entity_id FROM part WHERE is_restless)
