-- The events that cells of a topic in a channel hang on, by rule and part.
-- of: topics
-- row: topic_id
-- name: topic_name
-- active: active
-- total: total_conversations = count
-- current: current_conversations = count
-- channel: medium, channel, channel_display_name
WITH explained AS (
    SELECT labelled.event, labelled.conversation_id, labelled.topic_id
    FROM asked
    INNER JOIN labelled
        ON labelled.topic_id = asked.topic_id AND labelled.channel_id = asked.channel_id
),

last_changes AS (
    SELECT
        labelled_id, max(event) AS event,
        max(CASE WHEN is_application THEN event END) AS applied_event
    FROM label_changes
    WHERE label_id IN (SELECT topic_id FROM asked)
    GROUP BY labelled_id
),

known AS (
    SELECT labels.event, labels.name_event, labels.deleted_event, labels.is_active
    FROM asked
    INNER JOIN labels ON labels.kind = 'topic' AND labels.label_id = asked.topic_id
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
SELECT 'total' AS rule, 'conversation' AS part, event, 1 AS amount
FROM explained
UNION ALL
SELECT 'current' AS rule, 'in_range' AS part, event, CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT 'current' AS rule, 'still_applied' AS part, applied_labels.event, 1 AS amount
FROM explained
INNER JOIN applied_labels
    ON applied_labels.labelled_id = explained.conversation_id
    AND applied_labels.label_id = explained.topic_id
UNION ALL
SELECT
    'current' AS rule, 'not_applied' AS part, last_changes.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN last_changes ON last_changes.labelled_id = explained.conversation_id
LEFT JOIN applied_labels
    ON applied_labels.labelled_id = explained.conversation_id
    AND applied_labels.label_id = explained.topic_id
WHERE applied_labels.event IS NULL
UNION ALL
SELECT
    'current' AS rule, 'label_deleted' AS part, known.deleted_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN last_changes ON last_changes.labelled_id = explained.conversation_id
CROSS JOIN known
LEFT JOIN applied_labels
    ON applied_labels.labelled_id = explained.conversation_id
    AND applied_labels.label_id = explained.topic_id
WHERE applied_labels.event IS NULL AND known.deleted_event > last_changes.event
    AND last_changes.event = last_changes.applied_event
UNION ALL
SELECT 'channel' AS rule, 'saved' AS part, channels.event, CAST(NULL AS BIGINT) AS amount
FROM asked
INNER JOIN channels ON channels.channel_id = asked.channel_id
