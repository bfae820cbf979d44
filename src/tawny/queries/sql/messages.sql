-- title: Messages
-- One row per message created in the range, by Created at.
-- place: 3
-- range: required
-- order: time
-- key: message_id
-- links: contact_profile_id -> contacts
-- never empty: created_at, conversation_id, contact_profile_id, direction, last_updated
WITH message_scope AS (
    SELECT message_id, conversation_id, time_ms
    FROM message_events_in_range
    WHERE type = 'message.created'
),

message_events_later AS (
    -- What happened to these messages after they were created, wherever it says it belongs.
    SELECT
        /* evidence */ event,
        message_id, conversation_id, type, content, CAST(NULL AS VARCHAR) AS tag_id,
        time_ms, sequence, source, id
    FROM message_change_events
    WHERE type IN ('message.updated', 'message.deleted')
        AND message_id IN (SELECT message_id FROM message_scope)
    UNION ALL
    SELECT
        /* evidence */ event,
        message_id, conversation_id, type, CAST(NULL AS VARCHAR) AS content, tag_id,
        time_ms, sequence, source, id
    FROM label_events
    WHERE type IN ('tag.applied', 'tag.removed')
        AND message_id IN (SELECT message_id FROM message_scope)
),

scope AS (
    SELECT conversation_id FROM message_scope
    UNION
    SELECT conversation_id FROM message_events_later
),

counted AS (
    SELECT
        /* evidence */ event,
        message_id, type, content, tag_id, time_ms, sequence, source, id
    FROM message_events_later
    WHERE conversation_id IN (SELECT conversation_id FROM conversations)
),

changes AS (
    SELECT
        /* evidence */ max(event) AS last_changed_event,
        /* evidence */ min(CASE WHEN type = 'message.deleted' THEN event END) AS deleted_event,
        message_id,
        max(time_ms) AS last_changed_ms,
        min(CASE WHEN type = 'message.deleted' THEN time_ms END) AS deleted_ms
    FROM counted
    GROUP BY message_id
),

updates AS (
    SELECT
        /* evidence */ event,
        message_id, content, time_ms, sequence, source, id
    FROM (
        SELECT
            /* evidence */ event,
            message_id, content, time_ms, sequence, source, id,
            row_number() OVER (
                PARTITION BY message_id
                ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
            ) AS newest
        FROM counted
        WHERE type = 'message.updated' AND content IS NOT NULL
    ) AS contents
    WHERE newest = 1
),

label_changes AS (
    SELECT
        /* evidence */ event,
        'tag' AS kind, tag_id AS label_id, message_id AS labelled_id,
        type = 'tag.applied' AS is_application, time_ms, sequence, source, id
    FROM counted
    WHERE type IN ('tag.applied', 'tag.removed')
),

tag_lists AS (
    SELECT
        labelled_id AS message_id,
        array_agg(label_id ORDER BY time_ms, sequence, source, id) AS tag_ids,
        array_agg(coalesce(label_name, '') ORDER BY time_ms, sequence, source, id) AS tag_names
    FROM applied_labels
    GROUP BY labelled_id
),

early_updates AS (
    -- The few updates that are not dated later than their message.
    SELECT updates.message_id, updates.time_ms, updates.sequence, updates.source, updates.id
    FROM updates
    INNER JOIN message_scope
        ON message_scope.message_id = updates.message_id
        AND message_scope.time_ms >= updates.time_ms
),

overtaken AS (
    -- Those ordered before their message: what it was created with is newer.
    SELECT created.message_id
    FROM message_events_in_range AS created
    INNER JOIN early_updates
        ON early_updates.message_id = created.message_id
        AND (
            early_updates.time_ms, early_updates.sequence, early_updates.source, early_updates.id
        ) < (created.time_ms, created.sequence, created.source, created.id)
    WHERE created.type = 'message.created'
),

message_details AS (
    -- What happened to the few messages to which anything happened.
    SELECT
        /* evidence */ changes.last_changed_event, changes.deleted_event,
        /* evidence */ updates.event AS updated_event,
        changes.message_id, changes.last_changed_ms, changes.deleted_ms,
        updates.content AS updated_content,
        overtaken.message_id IS NOT NULL AS is_overtaken,
        tag_lists.tag_ids, tag_lists.tag_names
    FROM changes
    LEFT JOIN updates ON updates.message_id = changes.message_id
    LEFT JOIN overtaken ON overtaken.message_id = changes.message_id
    LEFT JOIN tag_lists ON tag_lists.message_id = changes.message_id
),

conversation_details AS (
    SELECT
        conversations.conversation_id, conversations.contact_id, channels.medium, channels.name,
        channels.display_name, contact_names.primary_identifier,
        contact_names.secondary_identifier, conversations.url,
        $all_content OR content_media.medium IS NOT NULL AS writes_content
    FROM conversations
    LEFT JOIN channels ON channels.channel_id = conversations.channel_id
    LEFT JOIN content_media ON content_media.medium = channels.medium
    LEFT JOIN contact_names ON contact_names.contact_id = conversations.contact_id
)

SELECT
    /* id | Message ID
       Identifies the message; one row per message created in the range, deleted ones included.
       Links to Inbound and Outbound Message ID in response-times. */
    created.message_id AS message_id,
    /* timestamp | Created at
       When the message was created; always in the range. If it was created twice, only the first
       time by order counts. */
    created.time_ms AS created_at,
    /* id | Conversation ID
       Conversation of the message. Links to Conversation ID in resolved-conversations,
       open-conversations and response-times. */
    created.conversation_id AS conversation_id,
    conversation.medium AS medium,
    conversation.name AS channel,
    conversation.display_name AS channel_display_name,
    /* id | Contact Profile ID
       Contact of the message's conversation, for inbound and outbound messages alike. Links to
       Contact Profile ID in contacts. */
    conversation.contact_id AS contact_profile_id,
    conversation.primary_identifier AS contact_primary_identifier,
    conversation.secondary_identifier AS contact_secondary_identifier,
    /* enum | Message Type
       Type of the message in the source's own words, as given when it was created; the list is
       open. Empty if none was given. */
    created.message_type AS message_type,
    /* enum | Origin
       Where the message came from in the source's own words, as given when it was created; the
       list is open. Empty if none was given. */
    created.origin AS origin,
    /* enum | Outbound Message Type
       Who or what sent an outbound message: agent, virtual_agent, auto_responder, proactive, csat
       or native. Empty for inbound messages. */
    created.outbound_type AS outbound_message_type,
    /* enum | Direction
       inbound = from the contact, outbound = to the contact. */
    created.direction AS direction,
    /* id | Agent ID
       Agent named in an outbound message, human or virtual. Empty for inbound messages and where
       no agent was named. Links to User ID in users or Agent ID in virtual-agents. */
    CASE WHEN created.direction = 'outbound' THEN created.agent_id END AS agent_id,
    /* text | Agent Name
       Name of the agent in Agent ID, as last saved up to the as-of instant; empty for inbound
       messages, without an agent or if that agent was never saved. */
    CASE WHEN created.direction = 'outbound' THEN agents.name END AS agent_name,
    /* identifier | Agent Reference
       Reference (such as a staff number) of the agent in Agent ID, as last saved up to the as-of
       instant; empty for inbound messages, without an agent or a reference. */
    CASE WHEN created.direction = 'outbound' THEN agents.reference END AS agent_reference,
    /* id | Team ID
       Team named in an outbound message. Empty for inbound messages and where no team was named.
       Links to Team ID in teams, which lists teams with an agent reply in the range. */
    CASE WHEN created.direction = 'outbound' THEN created.team_id END AS team_id,
    /* text | Team Name
       Name of the team in Team ID, as last saved up to the as-of instant; empty for inbound
       messages, without a team or if that team was never saved. */
    CASE WHEN created.direction = 'outbound' THEN teams.name END AS team_name,
    /* id-list | Tag IDs
       Tags on the message at the as-of instant: last applied and not removed, and not deleted
       since; in the order of their last application. Links to Tag ID in tags. Empty if none. */
    message_details.tag_ids AS tag_ids,
    /* text-list | Tag Names
       Names of the tags in Tag IDs, in the same order, as last saved up to the as-of instant; an
       empty item for a tag that was never saved. */
    message_details.tag_names AS tag_names,
    /* text | Content
       Last known text of the message at the as-of instant. Empty if it has none, once it is
       deleted (for good), or if the content policy leaves out its medium for this kind of run. */
    CASE
        WHEN message_details.deleted_ms IS NULL AND conversation.writes_content THEN CASE
            WHEN message_details.is_overtaken AND created.content IS NOT NULL THEN created.content
            ELSE coalesce(message_details.updated_content, created.content)
        END
    END AS content,
    conversation.url AS conversation_url,
    /* url | Post URL
       Link to the post the message is or belongs to, as given when the message was created; empty
       if none was given. */
    created.post_url AS post_url,
    /* timestamp | Last Updated
       Latest of the message's creation, updates and deletions and of the tag applications and
       removals on it, up to the as-of instant; may lie after the range. */
    greatest(created.time_ms, coalesce(message_details.last_changed_ms, created.time_ms))
        AS last_updated,
    /* timestamp | Deleted at
       When the message was first deleted, up to the as-of instant, possibly after the range;
       empty if it was not. A deleted message keeps its row and still counts elsewhere. */
    message_details.deleted_ms AS deleted_at
FROM message_events_in_range AS created
INNER JOIN conversation_details AS conversation
    ON conversation.conversation_id = created.conversation_id
LEFT JOIN agents ON agents.agent_id = created.agent_id
LEFT JOIN teams ON teams.team_id = created.team_id
LEFT JOIN message_details ON message_details.message_id = created.message_id
WHERE created.type = 'message.created'
ORDER BY created.time_ms, created.message_id
