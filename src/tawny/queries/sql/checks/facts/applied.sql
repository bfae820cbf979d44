-- What an event of the range applied to what: topics to conversations, tags to messages.
SELECT DISTINCT 'topic' AS kind, topic_id AS label_id, conversation_id AS labelled_id
FROM label_events_in_range
WHERE type = 'topic.applied'
    AND conversation_id IN (SELECT conversation_id FROM conversations_of_log)
UNION ALL
SELECT DISTINCT 'tag' AS kind, tag_id AS label_id, message_id AS labelled_id
FROM label_events_in_range
WHERE type = 'tag.applied'
    AND conversation_id IN (SELECT conversation_id FROM conversations_of_log)
