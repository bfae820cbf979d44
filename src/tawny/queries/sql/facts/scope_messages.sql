-- The messages of the conversations in scope.
SELECT
    /* evidence */ event,
    message_id, conversation_id, direction, outbound_type, agent_id, team_id,
    time_ms, sequence, source, id
FROM message_events_in_scope
WHERE type = 'message.created'
