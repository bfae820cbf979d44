-- Lock time over the whole log (part -1), by kind: that of users is that of all conversations.
WITH times AS (
    SELECT DISTINCT conversation_id, kind, ms FROM conversation_lock_times
),

kinds AS (
    SELECT kind, ms AS users_ms, 0 AS conversations_ms FROM lock_times WHERE part = -1
    UNION ALL
    SELECT kind, 0 AS users_ms, ms AS conversations_ms FROM times
),

totals AS (
    SELECT sum(users_ms) AS users_ms, sum(conversations_ms) AS conversations_ms
    FROM kinds
    GROUP BY kind
)

SELECT
    coalesce(sum(users_ms), 0) AS compared_left,
    coalesce(sum(conversations_ms), 0) AS compared_right,
    count(CASE WHEN users_ms <> conversations_ms THEN 1 END) AS broken
FROM totals
