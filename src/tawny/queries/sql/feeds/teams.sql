-- Teams that may have replied in the period between two versions of the log.
SELECT team_id
FROM all_message
WHERE conversation_id IN (SELECT conversation_id FROM restless_conversations)
    AND time_ms >= $from_ms
    AND time_ms < $to_ms
    AND type = 'message.created'
    AND outbound_type = 'agent'
