-- Lock time of each conversation of a contact who was erased, by kind, in milliseconds.
SELECT conversation_id, kind, sum(end_ms - start_ms) AS ms
FROM lock_sessions
WHERE is_erased
GROUP BY conversation_id, kind
