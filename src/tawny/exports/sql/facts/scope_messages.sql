-- The messages of the conversations in scope. Of several creations of one message the first by
-- order counts, wherever it was, and later ones are ignored altogether.
SELECT
    message_id, conversation_id, direction, outbound_type, agent_id, team_id,
    time_ms, sequence, source, id
FROM message_events_in_scope
WHERE type = 'message.created'
    AND NOT EXISTS (
        SELECT 1
        FROM later_creations
        WHERE later_creations.message_id = message_events_in_scope.message_id
            AND later_creations.source = message_events_in_scope.source
            AND later_creations.id = message_events_in_scope.id
    )
