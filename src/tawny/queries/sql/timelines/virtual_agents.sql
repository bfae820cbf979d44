-- When virtual agents held the conversation of a timeline: each from its assignment to the next
-- one, hand-over or resolve; the last one may hold it still.
SELECT
    held.time_ms AS start_ms, held.end_ms, 'virtual_agent' AS kind, held.agent_id,
    agents.name AS agent_name
FROM (
    SELECT
        kind, agent_id, position, time_ms,
        min(CASE WHEN kind IN ('assigned', 'handed_over', 'resolved') THEN time_ms END) OVER (
            ORDER BY position ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS end_ms
    FROM timeline
) AS held
LEFT JOIN agents ON agents.agent_id = held.agent_id
WHERE held.kind = 'assigned'
ORDER BY held.position
