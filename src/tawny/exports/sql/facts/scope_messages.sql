-- The messages of the conversations in scope. Of several creations of one message the first by
-- order counts, wherever it was, and later ones are ignored altogether.
SELECT
    message_id, conversation_id, direction, outbound_type, agent_id, team_id,
    time_ms, sequence, source, id
FROM message_events
WHERE type = 'message.created'
    AND conversation_id IN (SELECT conversation_id FROM scope)
    AND NOT EXISTS (
        SELECT 1
        FROM later_creations
        WHERE later_creations.message_id = message_events.message_id
            AND later_creations.source = message_events.source
            AND later_creations.id = message_events.id
    )
