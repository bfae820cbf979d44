-- Conversations in scope whose creation arrived, in the channels of the request. Those of erased
-- contacts are here too, marked: their lock sessions count. Of several creations the first by
-- order counts; most have one, and only the others are put in order.
WITH created AS (
    SELECT
        conversation_id, channel_id, contact_id, url, language, time_ms, sequence, source, id
    FROM scope_creations
    WHERE type = 'conversation.created'
),

repeated AS (
    SELECT conversation_id FROM created GROUP BY conversation_id HAVING count(*) > 1
),

first_creations AS (
    SELECT
        conversation_id, channel_id, contact_id, url, language, time_ms, sequence, source, id
    FROM created
    WHERE conversation_id NOT IN (SELECT conversation_id FROM repeated)
    UNION ALL
    SELECT
        conversation_id, channel_id, contact_id, url, language, time_ms, sequence, source, id
    FROM (
        SELECT
            conversation_id, channel_id, contact_id, url, language, time_ms, sequence, source, id,
            row_number() OVER (
                PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
            ) AS oldest
        FROM created
        WHERE conversation_id IN (SELECT conversation_id FROM repeated)
    ) AS ranked
    WHERE oldest = 1
)

SELECT
    conversation_id, channel_id, contact_id, time_ms AS created_ms, url, language, sequence,
    source, id, contact_id IN (SELECT contact_id FROM erased_contacts) AS is_erased
FROM first_creations
WHERE $all_channels OR channel_id IN (SELECT channel_id FROM requested_channels)
