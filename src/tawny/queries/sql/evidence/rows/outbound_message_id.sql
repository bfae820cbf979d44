-- The conversation that the row of a response is made from.
SELECT message_events.conversation_id
FROM message_events
INNER JOIN asked ON asked.outbound_message_id = message_events.message_id
WHERE message_events.type = 'message.created'
