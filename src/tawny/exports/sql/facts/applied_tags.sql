-- Tags applied to messages, of the events in tag_events: the last applied or removed event is an
-- application, and the tag was not deleted after it.
SELECT
    last.message_id, last.tag_id, tags.name AS tag_name,
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
LEFT JOIN tags ON tags.tag_id = last.tag_id
WHERE last.newest = 1
    AND last.type = 'tag.applied'
    AND (
        tags.deleted_ms IS NULL
        OR (tags.deleted_ms, tags.deleted_sequence, tags.deleted_source, tags.deleted_id)
            < (last.time_ms, last.sequence, last.source, last.id)
    )
