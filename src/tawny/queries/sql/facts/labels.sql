-- Topics and tags as they are now: the last name given (a deleted one keeps it), whether it is
-- active, and the last deletion by order, which takes it off whatever it was applied to before.
WITH changes AS (
    SELECT
        /* evidence */ event,
        'topic' AS kind, topic_id AS label_id, name, type = 'topic.saved' AS is_saved,
        time_ms, sequence, source, id
    FROM reference_events
    WHERE type IN ('topic.saved', 'topic.deleted')
    UNION ALL
    SELECT
        /* evidence */ event,
        'tag' AS kind, tag_id AS label_id, name, type = 'tag.saved' AS is_saved,
        time_ms, sequence, source, id
    FROM reference_events
    WHERE type IN ('tag.saved', 'tag.deleted')
),

ranked AS (
    SELECT
        /* evidence */ event,
        kind, label_id, name, is_saved, time_ms, sequence, source, id,
        row_number() OVER (
            PARTITION BY kind, label_id
            ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest,
        row_number() OVER (
            PARTITION BY kind, label_id, is_saved
            ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest_of_its_type
    FROM changes
)

SELECT
    /* evidence */ known.event, named.event AS name_event, deleted.event AS deleted_event,
    known.kind, known.label_id,
    named.name,
    known.is_saved AS is_active,
    deleted.time_ms AS deleted_ms,
    deleted.sequence AS deleted_sequence,
    deleted.source AS deleted_source,
    deleted.id AS deleted_id
FROM ranked AS known
LEFT JOIN ranked AS named
    ON named.kind = known.kind
    AND named.label_id = known.label_id
    AND named.is_saved
    AND named.newest_of_its_type = 1
LEFT JOIN ranked AS deleted
    ON deleted.kind = known.kind
    AND deleted.label_id = known.label_id
    AND NOT deleted.is_saved
    AND deleted.newest_of_its_type = 1
WHERE known.newest = 1
