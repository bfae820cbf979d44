-- The conversations that the row of a message is made from: those that its events name.
SELECT message_events.conversation_id
FROM message_events
INNER JOIN asked ON asked.message_id = message_events.message_id
WHERE message_events.type = 'message.created'
UNION
SELECT message_change_events.conversation_id
FROM message_change_events
INNER JOIN asked ON asked.message_id = message_change_events.message_id
WHERE message_change_events.type IN ('message.updated', 'message.deleted')
UNION
SELECT label_events.conversation_id
FROM label_events
INNER JOIN asked ON asked.message_id = label_events.message_id
WHERE label_events.type IN ('tag.applied', 'tag.removed')
