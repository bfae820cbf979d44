-- Tags applied to messages, of the events in tag_events: the last applied or removed event is an
-- application, and the tag was not deleted after it.
SELECT
    last.message_id, last.tag_id, labels.name AS tag_name,
    last.time_ms, last.sequence, last.source, last.id
FROM (
    SELECT
        message_id, tag_id, type, time_ms, sequence, source, id,
        row_number() OVER (
            PARTITION BY message_id, tag_id
            ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM tag_events
) AS last
LEFT JOIN labels ON labels.kind = 'tag' AND labels.label_id = last.tag_id
WHERE last.newest = 1
    AND last.type = 'tag.applied'
    AND (
        labels.deleted_ms IS NULL
        OR (labels.deleted_ms, labels.deleted_sequence, labels.deleted_source, labels.deleted_id)
            < (last.time_ms, last.sequence, last.source, last.id)
    )
