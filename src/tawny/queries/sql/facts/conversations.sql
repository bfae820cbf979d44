-- The conversations in scope that have rows and count.
SELECT
    /* evidence */ event, url_event, language_event,
    conversation_id, channel_id, contact_id, created_ms,
    /* url | Conversation URL
       Link to the conversation in the source system, the last one known at the as-of instant;
       empty if none was ever given. */
    url,
    language
FROM created_conversations
WHERE NOT is_erased
