-- The conversations that the rows of a contact are made from.
SELECT conversation_events.conversation_id
FROM conversation_events
INNER JOIN asked ON asked.contact_profile_id = conversation_events.contact_id
WHERE conversation_events.type = 'conversation.created'
