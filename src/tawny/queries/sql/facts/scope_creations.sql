-- How the conversations in scope were created and updated.
SELECT
    /* evidence */ event,
    type, time_ms, sequence, source, id, conversation_id, channel_id, contact_id, url, language
FROM conversation_events_in_scope
WHERE type IN ('conversation.created', 'conversation.updated')
