-- Conversations that may have been in the export between two versions of the log.
SELECT conversation_id
FROM all_status
WHERE conversation_id IN (SELECT conversation_id FROM restless_conversations)
    AND status = 'resolved'
    AND cause <> 'csat'
