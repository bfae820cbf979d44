-- Tags as they are now: the last name given (a deleted one keeps it), whether it is active, and
-- the last deletion by order, which takes it off whatever it was applied to before.
SELECT
    known.tag_id,
    named.name,
    known.type = 'tag.saved' AS is_active,
    deleted.time_ms AS deleted_ms,
    deleted.sequence AS deleted_sequence,
    deleted.source AS deleted_source,
    deleted.id AS deleted_id
FROM (
    SELECT
        tag_id, type,
        row_number() OVER (
            PARTITION BY tag_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type IN ('tag.saved', 'tag.deleted')
) AS known
LEFT JOIN (
    SELECT
        tag_id, name,
        row_number() OVER (
            PARTITION BY tag_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type = 'tag.saved'
) AS named ON named.tag_id = known.tag_id AND named.newest = 1
LEFT JOIN (
    SELECT
        tag_id, time_ms, sequence, source, id,
        row_number() OVER (
            PARTITION BY tag_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type = 'tag.deleted'
) AS deleted ON deleted.tag_id = known.tag_id AND deleted.newest = 1
WHERE known.newest = 1
