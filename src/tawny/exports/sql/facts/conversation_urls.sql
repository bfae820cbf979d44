-- The last known URL and language of the conversations in scope. Of several creations only the
-- first by order is looked at. Nearly all conversations carry them once: only where an update
-- carries one too is there an order to find.
WITH updated AS (
    SELECT conversation_id, url, language, time_ms, sequence, source, id
    FROM scope_creations
    WHERE type = 'conversation.updated' AND (url IS NOT NULL OR language IS NOT NULL)
),

carried AS (
    SELECT conversation_id, url, language, time_ms, sequence, source, id
    FROM updated
    UNION ALL
    SELECT conversation_id, url, language, created_ms AS time_ms, sequence, source, id
    FROM created_conversations
    WHERE conversation_id IN (SELECT conversation_id FROM updated)
),

ranked_urls AS (
    SELECT
        conversation_id, url,
        row_number() OVER (
            PARTITION BY conversation_id
            ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM carried
    WHERE url IS NOT NULL
),

ranked_languages AS (
    SELECT
        conversation_id, language,
        row_number() OVER (
            PARTITION BY conversation_id
            ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM carried
    WHERE language IS NOT NULL
)

SELECT
    created_conversations.conversation_id,
    coalesce(ranked_urls.url, created_conversations.url) AS url,
    coalesce(ranked_languages.language, created_conversations.language) AS language
FROM created_conversations
LEFT JOIN ranked_urls
    ON ranked_urls.conversation_id = created_conversations.conversation_id
    AND ranked_urls.newest = 1
LEFT JOIN ranked_languages
    ON ranked_languages.conversation_id = created_conversations.conversation_id
    AND ranked_languages.newest = 1
