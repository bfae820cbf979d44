-- The events that cells of a tag in a channel hang on, by rule and part.
-- of: tags
-- row: tag_id
-- name: tag_name
-- active: active
-- contacts: total_contacts = count
-- total: total_messages = count
-- current: current_messages = count
-- channel: medium, channel, channel_display_name
WITH explained AS (
    SELECT labelled.event, labelled.message_id, labelled.tag_id, labelled.contact_id
    FROM asked
    INNER JOIN labelled
        ON labelled.tag_id = asked.tag_id AND labelled.channel_id = asked.channel_id
),

last_changes AS (
    SELECT
        labelled_id, max(event) AS event,
        max(CASE WHEN is_application THEN event END) AS applied_event
    FROM label_changes
    WHERE label_id IN (SELECT tag_id FROM asked)
    GROUP BY labelled_id
),

known AS (
    SELECT labels.event, labels.name_event, labels.deleted_event, labels.is_active
    FROM asked
    INNER JOIN labels ON labels.kind = 'tag' AND labels.label_id = asked.tag_id
)

SELECT 'row' AS rule, 'row' AS part, min(event) AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT 'name' AS rule, 'saved' AS part, name_event AS event, CAST(NULL AS BIGINT) AS amount
FROM known
UNION ALL
SELECT 'active' AS rule, 'label_deleted' AS part, event, CAST(NULL AS BIGINT) AS amount
FROM known
WHERE NOT is_active
UNION ALL
SELECT 'contacts' AS rule, 'contact' AS part, min(event) AS event, 1 AS amount
FROM explained
GROUP BY contact_id
UNION ALL
SELECT 'total' AS rule, 'message' AS part, min(event) AS event, 1 AS amount
FROM explained
GROUP BY message_id
UNION ALL
SELECT 'current' AS rule, 'in_range' AS part, event, CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT DISTINCT 'current' AS rule, 'still_applied' AS part, applied_labels.event, 1 AS amount
FROM explained
INNER JOIN applied_labels
    ON applied_labels.labelled_id = explained.message_id
    AND applied_labels.label_id = explained.tag_id
UNION ALL
SELECT
    'current' AS rule, 'not_applied' AS part, last_changes.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN last_changes ON last_changes.labelled_id = explained.message_id
LEFT JOIN applied_labels
    ON applied_labels.labelled_id = explained.message_id
    AND applied_labels.label_id = explained.tag_id
WHERE applied_labels.event IS NULL
UNION ALL
SELECT
    'current' AS rule, 'label_deleted' AS part, known.deleted_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN last_changes ON last_changes.labelled_id = explained.message_id
CROSS JOIN known
LEFT JOIN applied_labels
    ON applied_labels.labelled_id = explained.message_id
    AND applied_labels.label_id = explained.tag_id
WHERE applied_labels.event IS NULL AND known.deleted_event > last_changes.event
    AND last_changes.event = last_changes.applied_event
UNION ALL
SELECT 'channel' AS rule, 'saved' AS part, channels.event, CAST(NULL AS BIGINT) AS amount
FROM asked
INNER JOIN channels ON channels.channel_id = asked.channel_id
