-- Lock time of each conversation that is open, by kind, in milliseconds.
SELECT conversation_id, kind, sum(end_ms - start_ms) AS ms
FROM lock_sessions
WHERE conversation_id IN (
    SELECT conversation_id FROM conversation_summary WHERE current_status IN ('new', 'pending')
)
GROUP BY conversation_id, kind
