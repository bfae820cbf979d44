-- Conversations that may have been in the export between two versions of the log.
SELECT conversation_id
FROM all_conversation
WHERE conversation_id IN (SELECT conversation_id FROM restless_conversations)
    AND type = 'conversation.created'
