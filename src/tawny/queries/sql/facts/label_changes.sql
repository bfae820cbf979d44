-- What was applied to what and removed again: topics to conversations in scope. In an export about
-- tags a step of this name takes its place, with the messages that it is about.
SELECT
    /* evidence */ event,
    'topic' AS kind, topic_id AS label_id, conversation_id AS labelled_id,
    type = 'topic.applied' AS is_application, time_ms, sequence, source, id
FROM label_events_in_scope
WHERE type IN ('topic.applied', 'topic.removed')
