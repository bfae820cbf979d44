-- Replies that may have ended a response between two versions of the log.
SELECT message_id AS outbound_message_id
FROM all_message
WHERE conversation_id IN (SELECT conversation_id FROM restless_conversations)
    AND type = 'message.created'
    AND outbound_type = 'agent'
