-- Conversations of the channels asked for, by the event that created them first; not of erased
-- contacts.
WITH creations AS (
    SELECT
        conversation_id, channel_id, contact_id,
        row_number() OVER (
            PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
        ) AS oldest
    FROM conversation_events
    WHERE type = 'conversation.created'
)

SELECT conversation_id
FROM creations
WHERE oldest = 1
    AND contact_id NOT IN (SELECT contact_id FROM erased_contacts)
    AND ($all_channels OR channel_id IN (SELECT channel_id FROM requested_channels))
