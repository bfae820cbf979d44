-- Lock time of the range by kind: that of all agents is that of all teams and without a team.
WITH counted AS (
    SELECT kind, ms AS agents_ms, 0 AS teams_ms
    FROM lock_times
    WHERE part = 0
    UNION ALL
    SELECT kind, 0 AS agents_ms, ms AS teams_ms
    FROM team_lock_times
),

per_kind AS (
    SELECT kind, sum(agents_ms) AS agents_ms, sum(teams_ms) AS teams_ms
    FROM counted
    GROUP BY kind
)

SELECT
    kind AS row_key,
    agents_ms AS compared_left,
    teams_ms AS compared_right,
    CASE WHEN agents_ms <> teams_ms THEN 1 ELSE 0 END AS broken
FROM per_kind
