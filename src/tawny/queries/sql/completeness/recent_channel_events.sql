-- Recent events of conversations with the channel that the conversation was created in: in that of
-- the first creation by order, where there are several.
WITH created AS (
    SELECT
        conversation_id, channel_id,
        row_number() OVER (
            PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
        ) AS oldest
    FROM conversation_events
    WHERE type = 'conversation.created'
        AND conversation_id IN (SELECT conversation_id FROM recent_events)
)

SELECT
    recent_events.conversation_id, recent_events.time_ms, recent_events.source, created.channel_id
FROM recent_events
INNER JOIN created
    ON created.conversation_id = recent_events.conversation_id
    AND created.oldest = 1
