-- Each conversation that was created has a row in resolved-conversations, in open-conversations or
-- in both, and no other has.
WITH counted AS (
    SELECT conversation_id, 1 AS created, 0 AS shown
    FROM conversations_of_log
    UNION ALL
    SELECT conversation_id, 0 AS created, 1 AS shown
    FROM (
        SELECT conversation_id FROM resolved_conversations_log
        UNION
        SELECT conversation_id FROM open_conversations_whole
    ) AS either
),

per_conversation AS (
    SELECT conversation_id, sum(created) AS created, sum(shown) AS shown
    FROM counted
    GROUP BY conversation_id
)

SELECT
    conversation_id AS row_key,
    created AS compared_left,
    shown AS compared_right,
    CASE WHEN created <> shown THEN 1 ELSE 0 END AS broken
FROM per_conversation
