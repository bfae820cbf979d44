-- Lock time of each conversation that was resolved in a range, by kind, in milliseconds.
SELECT conversation_id, kind, sum(end_ms - start_ms) AS ms
FROM lock_sessions
WHERE conversation_id IN (
    SELECT conversation_id FROM conversation_summary
    WHERE resolved_at >= $from_ms AND resolved_at < $to_ms
)
GROUP BY conversation_id, kind
