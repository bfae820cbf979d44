-- Lock time of each agent, by kind: adjoining ranges (parts from 1) add up to the range (part 0).
WITH per_agent AS (
    SELECT
        agent_id,
        coalesce(sum(CASE WHEN part > 0 THEN ms END), 0) AS parts_ms,
        coalesce(sum(CASE WHEN part = 0 THEN ms END), 0) AS whole_ms
    FROM lock_times
    WHERE part >= 0
    GROUP BY agent_id, kind
)

SELECT
    agent_id AS row_key,
    parts_ms AS compared_left,
    whole_ms AS compared_right,
    CASE WHEN parts_ms <> whole_ms THEN 1 ELSE 0 END AS broken
FROM per_agent
