-- title: Open conversations
-- One row per conversation whose current status is new or pending, by Created at. A snapshot: the
-- range is not used.
-- place: 2
-- range: none
-- order: key
-- key: conversation_id
-- never empty: contact_profile_id, created_at, current_status, inbound_messages,
--   outbound_messages, last_updated
WITH scope AS (
    SELECT created.conversation_id
    FROM (
        SELECT DISTINCT conversation_id
        FROM conversation_events
        WHERE type = 'conversation.created'
    ) AS created
    LEFT JOIN (
        SELECT conversation_id, max(time_ms) AS time_ms
        FROM status_events
        WHERE type = 'conversation.status_changed'
            AND status = 'resolved'
            AND cause <> 'csat'
        GROUP BY conversation_id
    ) AS resolved ON resolved.conversation_id = created.conversation_id
    LEFT JOIN (
        SELECT conversation_id, max(time_ms) AS time_ms
        FROM status_events
        WHERE type = 'conversation.status_changed' AND status <> 'resolved'
        GROUP BY conversation_id
    ) AS opened ON opened.conversation_id = created.conversation_id
    -- In the same millisecond the order decides; it is settled by the current status below.
    WHERE resolved.time_ms IS NULL OR opened.time_ms >= resolved.time_ms
)

SELECT
    conversation_summary.conversation_id AS conversation_id,
    conversation_summary.medium AS medium,
    conversation_summary.channel AS channel,
    conversation_summary.channel_display_name AS channel_display_name,
    conversation_summary.contact_profile_id AS contact_profile_id,
    conversation_summary.contact_primary_identifier AS contact_primary_identifier,
    conversation_summary.contact_secondary_identifier AS contact_secondary_identifier,
    conversation_summary.created_at AS created_at,
    conversation_summary.last_status_change_agent_id AS last_status_change_agent_id,
    conversation_summary.last_status_change_agent_name AS last_status_change_agent_name,
    conversation_summary.last_status_change_agent_reference AS last_status_change_agent_reference,
    conversation_summary.last_status_change_team_id AS last_status_change_team_id,
    conversation_summary.last_status_change_team_name AS last_status_change_team_name,
    conversation_summary.current_status AS current_status,
    conversation_summary.resolved_by AS resolved_by,
    conversation_summary.resolved_at AS resolved_at,
    conversation_summary.resolved_agent_id AS resolved_agent_id,
    conversation_summary.resolved_agent_name AS resolved_agent_name,
    conversation_summary.resolved_agent_reference AS resolved_agent_reference,
    conversation_summary.inbound_messages AS inbound_messages,
    conversation_summary.outbound_messages AS outbound_messages,
    conversation_summary.first_response_time AS first_response_time,
    conversation_summary.handle_time AS handle_time,
    conversation_summary.no_response_time AS no_response_time,
    conversation_summary.cherry_picking_time AS cherry_picking_time,
    conversation_summary.resolution_time AS resolution_time,
    conversation_summary.topic_ids AS topic_ids,
    conversation_summary.topic_names AS topic_names,
    conversation_summary.conversation_url AS conversation_url,
    conversation_summary.last_updated AS last_updated,
    conversation_summary.language AS language
FROM conversation_summary
WHERE current_status IN ('new', 'pending')
ORDER BY created_at, conversation_id
