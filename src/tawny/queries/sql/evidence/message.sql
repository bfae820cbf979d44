-- The events that cells of a message hang on, by rule and part.
-- of: messages
-- row: message_id, created_at, conversation_id, contact_profile_id, message_type, origin,
--   outbound_message_type, direction, agent_id, team_id, post_url
-- channel: medium, channel, channel_display_name
-- contact: contact_primary_identifier, contact_secondary_identifier
-- agent: agent_name, agent_reference
-- team: team_name
-- tags: tag_ids
-- tags tag_names: tag_names
-- content: content
-- url: conversation_url
-- changes: last_updated
-- deletion: deleted_at
WITH explained AS (
    SELECT
        created.event, created.message_id, created.conversation_id, created.content,
        created.agent_id, created.team_id, created.direction, created.time_ms,
        conversations.channel_id, conversations.contact_id, conversations.url,
        conversations.url_event
    FROM asked
    INNER JOIN message_events_in_range AS created
        ON created.message_id = asked.message_id AND created.type = 'message.created'
    INNER JOIN conversations ON conversations.conversation_id = created.conversation_id
)

SELECT 'row' AS rule, 'row' AS part, event, CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT 'channel' AS rule, 'saved' AS part, channels.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN channels ON channels.channel_id = explained.channel_id
UNION ALL
SELECT 'contact' AS rule, 'saved' AS part, contact_names.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN contact_names ON contact_names.contact_id = explained.contact_id
UNION ALL
SELECT 'agent' AS rule, 'saved' AS part, agents.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN agents ON agents.agent_id = explained.agent_id
WHERE explained.direction = 'outbound'
UNION ALL
SELECT 'team' AS rule, 'saved' AS part, teams.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN teams ON teams.team_id = explained.team_id
WHERE explained.direction = 'outbound'
UNION ALL
SELECT 'tags' AS rule, 'applied' AS part, applied_labels.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN applied_labels ON applied_labels.labelled_id = explained.message_id
UNION ALL
SELECT
    'tag_names' AS rule, 'saved' AS part, applied_labels.name_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN applied_labels ON applied_labels.labelled_id = explained.message_id
UNION ALL
SELECT
    'content' AS rule, 'deleted' AS part, message_details.deleted_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN message_details ON message_details.message_id = explained.message_id
UNION ALL
SELECT
    'content' AS rule,
    CASE
        WHEN message_details.deleted_event IS NOT NULL THEN 'before_deletion'
        WHEN message_details.is_overtaken AND explained.content IS NOT NULL THEN 'overtaken'
        ELSE 'carries'
    END AS part,
    message_details.updated_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN message_details ON message_details.message_id = explained.message_id
UNION ALL
SELECT 'content' AS rule, 'medium' AS part, channels.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN channels ON channels.channel_id = explained.channel_id
WHERE NOT $all_content
UNION ALL
SELECT 'url' AS rule, 'carries' AS part, url_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
WHERE url IS NOT NULL
UNION ALL
SELECT
    'changes' AS rule, 'last_event' AS part, message_details.last_changed_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN message_details ON message_details.message_id = explained.message_id
WHERE message_details.last_changed_ms > explained.time_ms
UNION ALL
SELECT
    'deletion' AS rule, 'deleted' AS part, message_details.deleted_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN message_details ON message_details.message_id = explained.message_id
