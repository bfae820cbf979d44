-- Topics applied to the conversations in scope: the last applied or removed event is an
-- application, and the topic was not deleted after it.
SELECT
    last.conversation_id, last.topic_id, labels.name AS topic_name,
    last.time_ms, last.sequence, last.source, last.id
FROM (
    SELECT
        conversation_id, topic_id, type, time_ms, sequence, source, id,
        row_number() OVER (
            PARTITION BY conversation_id, topic_id
            ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM label_events_in_scope
    WHERE type IN ('topic.applied', 'topic.removed')
) AS last
LEFT JOIN labels ON labels.kind = 'topic' AND labels.label_id = last.topic_id
WHERE last.newest = 1
    AND last.type = 'topic.applied'
    AND (
        labels.deleted_ms IS NULL
        OR (labels.deleted_ms, labels.deleted_sequence, labels.deleted_source, labels.deleted_id)
            < (last.time_ms, last.sequence, last.source, last.id)
    )
