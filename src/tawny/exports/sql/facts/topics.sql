-- Topics as they are now: the last name given (a deleted one keeps it), whether it is active, and
-- the last deletion by order, which takes it off whatever it was applied to before.
SELECT
    known.topic_id,
    named.name,
    known.type = 'topic.saved' AS is_active,
    deleted.time_ms AS deleted_ms,
    deleted.sequence AS deleted_sequence,
    deleted.source AS deleted_source,
    deleted.id AS deleted_id
FROM (
    SELECT
        topic_id, type,
        row_number() OVER (
            PARTITION BY topic_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type IN ('topic.saved', 'topic.deleted')
) AS known
LEFT JOIN (
    SELECT
        topic_id, name,
        row_number() OVER (
            PARTITION BY topic_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type = 'topic.saved'
) AS named ON named.topic_id = known.topic_id AND named.newest = 1
LEFT JOIN (
    SELECT
        topic_id, time_ms, sequence, source, id,
        row_number() OVER (
            PARTITION BY topic_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type = 'topic.deleted'
) AS deleted ON deleted.topic_id = known.topic_id AND deleted.newest = 1
WHERE known.newest = 1
