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
    SELECT kind, sum(users_ms) AS users_ms, sum(conversations_ms) AS conversations_ms
    FROM kinds
    GROUP BY kind
)

SELECT
    kind AS row_key,
    users_ms AS compared_left,
    conversations_ms AS compared_right,
    CASE WHEN users_ms <> conversations_ms THEN 1 ELSE 0 END AS broken
FROM totals
