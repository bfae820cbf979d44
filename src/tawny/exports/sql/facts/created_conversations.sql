-- Conversations in scope whose creation arrived, in the channels of the request. Those of erased
-- contacts are here too, marked: their lock sessions count.
SELECT
    conversation_id, channel_id, contact_id, created_ms,
    contact_id IN (SELECT contact_id FROM erased_contacts) AS is_erased
FROM (
    SELECT
        conversation_id, channel_id, contact_id, time_ms AS created_ms,
        row_number() OVER (
            PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
        ) AS oldest
    FROM scope_conversation_events
    WHERE type = 'conversation.created'
) AS created
WHERE oldest = 1
    AND ($all_channels OR channel_id IN (SELECT channel_id FROM requested_channels))
