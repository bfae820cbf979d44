-- The conversations in scope that have rows and count.
SELECT conversation_id, channel_id, contact_id, created_ms, url, language
FROM created_conversations
WHERE NOT is_erased
