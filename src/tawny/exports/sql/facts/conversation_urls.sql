-- The last known URL and language of the conversations in scope. Of several creations only the
-- first by order is looked at.
WITH carried AS (
    SELECT conversation_id, url, language, time_ms, sequence, source, id
    FROM (
        SELECT
            conversation_id, url, language, time_ms, sequence, source, id, type,
            row_number() OVER (
                PARTITION BY conversation_id, type ORDER BY time_ms, sequence, source, id
            ) AS nth
        FROM scope_conversation_events
        WHERE type IN ('conversation.created', 'conversation.updated')
    ) AS events
    WHERE (type = 'conversation.updated' OR nth = 1)
        AND (url IS NOT NULL OR language IS NOT NULL)
)

SELECT
    coalesce(urls.conversation_id, languages.conversation_id) AS conversation_id,
    urls.url,
    languages.language
FROM (
    SELECT
        conversation_id, url,
        row_number() OVER (
            PARTITION BY conversation_id
            ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM carried
    WHERE url IS NOT NULL
) AS urls
FULL OUTER JOIN (
    SELECT
        conversation_id, language,
        row_number() OVER (
            PARTITION BY conversation_id
            ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM carried
    WHERE language IS NOT NULL
) AS languages
    ON languages.conversation_id = urls.conversation_id
    AND languages.newest = urls.newest
WHERE coalesce(urls.newest, languages.newest) = 1
