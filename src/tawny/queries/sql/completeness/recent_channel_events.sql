-- Recent events of conversations with the channel that the conversation was created in.
WITH creations AS (
    SELECT conversation_id, arg_min(channel_id, (time_ms, sequence, source, id)) AS channel_id
    FROM conversation_events
    WHERE type = 'conversation.created'
        AND conversation_id IN (SELECT conversation_id FROM recent_events)
    GROUP BY conversation_id
)

SELECT recent_events.*, creations.channel_id
FROM recent_events
INNER JOIN creations ON creations.conversation_id = recent_events.conversation_id
