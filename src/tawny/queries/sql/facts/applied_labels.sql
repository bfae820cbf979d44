-- Topics and tags that are applied now: the last application or removal is an application, and the
-- topic or tag was not deleted after it.
SELECT
    /* evidence */ last.event, labels.name_event,
    last.label_id, last.labelled_id, labels.name AS label_name,
    last.time_ms, last.sequence, last.source, last.id
FROM (
    SELECT
        /* evidence */ event,
        kind, label_id, labelled_id, is_application, time_ms, sequence, source, id,
        row_number() OVER (
            PARTITION BY kind, label_id, labelled_id
            ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM label_changes
) AS last
LEFT JOIN labels ON labels.kind = last.kind AND labels.label_id = last.label_id
WHERE last.newest = 1
    AND last.is_application
    AND (
        labels.deleted_ms IS NULL
        OR (labels.deleted_ms, labels.deleted_sequence, labels.deleted_source, labels.deleted_id)
            < (last.time_ms, last.sequence, last.source, last.id)
    )
