-- Lock time of each agent, by kind: adjoining ranges (parts from 1) add up to the range (part 0).
WITH per_agent AS (
    SELECT
        coalesce(sum(CASE WHEN part > 0 THEN ms END), 0) AS parts_ms,
        coalesce(sum(CASE WHEN part = 0 THEN ms END), 0) AS whole_ms
    FROM lock_times
    WHERE part >= 0
    GROUP BY agent_id, kind
)

SELECT
    coalesce(sum(parts_ms), 0) AS compared_left,
    coalesce(sum(whole_ms), 0) AS compared_right,
    count(CASE WHEN parts_ms <> whole_ms THEN 1 END) AS broken
FROM per_agent
