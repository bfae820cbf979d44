-- title: Tags
-- One row per tag and channel with an application in the range, by Tag ID.
-- place: 7
-- range: required
-- order: key
-- key: tag_id, channel_id
-- beside: channel_id = totals.channel_id
-- never empty: tag_id, active, total_contacts, total_messages, current_messages
WITH tag_events_everywhere AS (
    -- All applications and removals of the tags of the messages that got one in the range.
    SELECT
        /* evidence */ event,
        message_id, conversation_id, tag_id, type, time_ms, sequence, source, id
    FROM label_events
    WHERE type IN ('tag.applied', 'tag.removed')
        AND message_id IN (
            SELECT message_id FROM label_events_in_range WHERE type = 'tag.applied'
        )
),

scope AS (
    SELECT DISTINCT conversation_id FROM tag_events_everywhere
),

label_changes AS (
    SELECT
        /* evidence */ event,
        'tag' AS kind, tag_id AS label_id, message_id AS labelled_id,
        type = 'tag.applied' AS is_application, time_ms, sequence, source, id
    FROM tag_events_everywhere
    WHERE conversation_id IN (SELECT conversation_id FROM conversations)
),

labelled AS (
    SELECT
        /* evidence */ min(label_events_in_range.event) AS event,
        label_events_in_range.tag_id, conversations.channel_id, label_events_in_range.message_id,
        conversations.contact_id
    FROM label_events_in_range
    INNER JOIN conversations
        ON conversations.conversation_id = label_events_in_range.conversation_id
    WHERE label_events_in_range.type = 'tag.applied'
    GROUP BY
        label_events_in_range.tag_id, conversations.channel_id, label_events_in_range.message_id,
        conversations.contact_id
),

totals AS (
    SELECT
        labelled.tag_id, labelled.channel_id,
        count(DISTINCT labelled.contact_id) AS contacts,
        count(DISTINCT labelled.message_id) AS messages,
        count(DISTINCT applied_labels.labelled_id) AS current_messages
    FROM labelled
    LEFT JOIN applied_labels
        ON applied_labels.labelled_id = labelled.message_id
        AND applied_labels.label_id = labelled.tag_id
    GROUP BY labelled.tag_id, labelled.channel_id
)

SELECT
    /* id | Tag ID
       Identifies the tag; one row per tag and channel with an application in the range, so an id
       may repeat. Links to Tag IDs in messages. */
    totals.tag_id AS tag_id,
    /* text | Tag Name
       Name of the tag, as last saved up to the as-of instant; a deleted tag keeps its last name.
       Empty if it was never saved. */
    labels.name AS tag_name,
    /* boolean | Active
       false if the tag is deleted at the as-of instant and was not saved again since, otherwise
       true; true as well for a tag neither saved nor deleted. */
    coalesce(labels.is_active, TRUE) AS active,
    /* integer contacts | Total Contacts
       Distinct contacts of the conversations in which the tag was applied to a message in the
       range, even if removed since. */
    totals.contacts AS total_contacts,
    /* integer messages | Total Messages
       Distinct messages of the channel to which the tag was applied in the range, by anybody
       (virtual agents too), even if removed since; deleted messages and messages created before
       the range included. */
    totals.messages AS total_messages,
    /* integer messages | Total Current Messages
       Those of Total Messages that still carry the tag at the as-of instant: last applied and not
       removed, and the tag not deleted since; deleted messages included. 0 if none. */
    totals.current_messages AS current_messages,
    channels.medium AS medium,
    channels.name AS channel,
    channels.display_name AS channel_display_name
FROM totals
LEFT JOIN labels ON labels.kind = 'tag' AND labels.label_id = totals.tag_id
LEFT JOIN channels ON channels.channel_id = totals.channel_id
ORDER BY totals.tag_id, totals.channel_id
