-- title: Topics
-- One row per topic and channel with an application in the range, by Topic ID.
-- place: 6
-- range: required
-- order: key
-- key: topic_id, channel_id
-- beside: channel_id = totals.channel_id
-- never empty: topic_id, active, total_conversations, current_conversations
WITH scope AS (
    SELECT DISTINCT conversation_id
    FROM label_events_in_range
    WHERE type = 'topic.applied'
),

labelled AS (
    SELECT
        /* evidence */ min(label_events_in_range.event) AS event,
        label_events_in_range.topic_id, conversations.channel_id, conversations.conversation_id
    FROM label_events_in_range
    INNER JOIN conversations
        ON conversations.conversation_id = label_events_in_range.conversation_id
    WHERE label_events_in_range.type = 'topic.applied'
    GROUP BY
        label_events_in_range.topic_id, conversations.channel_id, conversations.conversation_id
),

totals AS (
    SELECT
        labelled.topic_id, labelled.channel_id,
        count(*) AS conversations,
        count(applied_labels.labelled_id) AS current_conversations
    FROM labelled
    LEFT JOIN applied_labels
        ON applied_labels.labelled_id = labelled.conversation_id
        AND applied_labels.label_id = labelled.topic_id
    GROUP BY labelled.topic_id, labelled.channel_id
)

SELECT
    /* id | Topic ID
       Identifies the topic; one row per topic and channel with an application in the range, so an
       id may repeat. Links to Topic IDs in both conversation exports. */
    totals.topic_id AS topic_id,
    /* text | Topic Name
       Name of the topic, as last saved up to the as-of instant; a deleted topic keeps its last
       name. Empty if it was never saved. */
    labels.name AS topic_name,
    /* boolean | Active
       false if the topic is deleted at the as-of instant and was not saved again since, otherwise
       true; true as well for a topic neither saved nor deleted. */
    coalesce(labels.is_active, TRUE) AS active,
    /* integer conversations | Total Conversations
       Distinct conversations of the channel to which the topic was applied in the range, by
       anybody (virtual agents too), even if removed since. */
    totals.conversations AS total_conversations,
    /* integer conversations | Total Current Conversations
       Those of Total Conversations that still carry the topic at the as-of instant: last applied
       and not removed, and the topic not deleted since. 0 if none. */
    totals.current_conversations AS current_conversations,
    channels.medium AS medium,
    channels.name AS channel,
    channels.display_name AS channel_display_name
FROM totals
LEFT JOIN labels ON labels.kind = 'topic' AND labels.label_id = totals.topic_id
LEFT JOIN channels ON channels.channel_id = totals.channel_id
ORDER BY totals.topic_id, totals.channel_id
