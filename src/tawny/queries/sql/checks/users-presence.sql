-- Available and Away Time of each user are the intervals of user-presence, cut to the range and to
-- the instant of the exports, and rounded once; virtual agents are no users.
WITH intervals AS (
    SELECT
        shown.user_id AS agent_id, shown.presence,
        least(
            coalesce(shown.to_ms, checked_range.as_of_ms),
            checked_range.to_ms,
            checked_range.as_of_ms
        ) - greatest(shown.from_ms, checked_range.from_ms) AS ms
    FROM user_presence_whole AS shown
    CROSS JOIN checked_range
    WHERE shown.user_id NOT IN (SELECT agent_id FROM virtual_people)
),

counted AS (
    SELECT user_id AS agent_id, available_time AS available_s, away_time AS away_s,
        0 AS available_ms, 0 AS away_ms
    FROM users_whole
    UNION ALL
    SELECT agent_id, 0 AS available_s, 0 AS away_s,
        CASE WHEN presence = 'available' THEN ms ELSE 0 END AS available_ms,
        CASE WHEN presence = 'away' THEN ms ELSE 0 END AS away_ms
    FROM intervals
),

per_agent AS (
    SELECT
        agent_id,
        coalesce(sum(available_s), 0) AS available_s, coalesce(sum(away_s), 0) AS away_s,
        (CAST(sum(available_ms) AS BIGINT) + 500) // 1000 AS from_available_s,
        (CAST(sum(away_ms) AS BIGINT) + 500) // 1000 AS from_away_s
    FROM counted
    GROUP BY agent_id
)

SELECT
    agent_id AS row_key,
    available_s + away_s AS compared_left,
    from_available_s + from_away_s AS compared_right,
    CASE WHEN available_s <> from_available_s OR away_s <> from_away_s THEN 1 ELSE 0 END AS broken
FROM per_agent
