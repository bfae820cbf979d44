-- Conversations in scope whose creation arrived, in the channels of the request, with the last
-- known URL and language. Those of erased contacts are here too, marked: their lock sessions count.
-- Of several creations the first by order counts; most have one, and only the others are put in
-- order. Nearly all carry URL and language once: only where an update carries one too is there an
-- order to find.
WITH created AS (
    SELECT
        /* evidence */ event,
        conversation_id, channel_id, contact_id, url, language, time_ms, sequence, source, id
    FROM scope_creations
    WHERE type = 'conversation.created'
),

repeated AS (
    SELECT conversation_id FROM created GROUP BY conversation_id HAVING count(*) > 1
),

first_creations AS (
    SELECT
        /* evidence */ event,
        conversation_id, channel_id, contact_id, url, language, time_ms, sequence, source, id
    FROM created
    WHERE conversation_id NOT IN (SELECT conversation_id FROM repeated)
    UNION ALL
    SELECT
        /* evidence */ event,
        conversation_id, channel_id, contact_id, url, language, time_ms, sequence, source, id
    FROM (
        SELECT
            /* evidence */ event,
            conversation_id, channel_id, contact_id, url, language, time_ms, sequence, source, id,
            row_number() OVER (
                PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
            ) AS oldest
        FROM created
        WHERE conversation_id IN (SELECT conversation_id FROM repeated)
    ) AS ranked
    WHERE oldest = 1
),

updated AS (
    SELECT
        /* evidence */ event,
        conversation_id, url, language, time_ms, sequence, source, id
    FROM scope_creations
    WHERE type = 'conversation.updated' AND (url IS NOT NULL OR language IS NOT NULL)
),

carried AS (
    SELECT
        /* evidence */ event,
        conversation_id, url, language, time_ms, sequence, source, id
    FROM updated
    UNION ALL
    SELECT
        /* evidence */ event,
        conversation_id, url, language, time_ms, sequence, source, id
    FROM first_creations
    WHERE conversation_id IN (SELECT conversation_id FROM updated)
),

ranked_urls AS (
    SELECT
        /* evidence */ event,
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
        /* evidence */ event,
        conversation_id, language,
        row_number() OVER (
            PARTITION BY conversation_id
            ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM carried
    WHERE language IS NOT NULL
)

SELECT
    /* evidence */ first_creations.event,
    /* evidence */ coalesce(ranked_urls.event, first_creations.event) AS url_event,
    /* evidence */ coalesce(ranked_languages.event, first_creations.event) AS language_event,
    first_creations.conversation_id, first_creations.channel_id, first_creations.contact_id,
    first_creations.time_ms AS created_ms,
    coalesce(ranked_urls.url, first_creations.url) AS url,
    coalesce(ranked_languages.language, first_creations.language) AS language,
    erased_contacts.contact_id IS NOT NULL AS is_erased
FROM first_creations
LEFT JOIN ranked_urls
    ON ranked_urls.conversation_id = first_creations.conversation_id AND ranked_urls.newest = 1
LEFT JOIN ranked_languages
    ON ranked_languages.conversation_id = first_creations.conversation_id
    AND ranked_languages.newest = 1
LEFT JOIN erased_contacts ON erased_contacts.contact_id = first_creations.contact_id
WHERE $all_channels OR first_creations.channel_id IN (SELECT channel_id FROM requested_channels)
