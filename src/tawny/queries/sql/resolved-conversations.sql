-- title: Resolved conversations
-- One row per conversation whose first resolve lies in the range, by Resolved at.
-- place: 1
-- range: required
-- order: time
-- key: conversation_id
-- never empty: contact_profile_id, created_at, current_status, inbound_messages,
--   outbound_messages, last_updated, resolved_at
WITH resolved AS (
    SELECT DISTINCT conversation_id
    FROM status_events_in_range
    WHERE type = 'conversation.status_changed' AND status = 'resolved' AND cause <> 'csat'
),

scope AS (
    SELECT conversation_id FROM resolved
    UNION
    SELECT shared_surveys.conversation_id
    FROM shared_surveys
    WHERE shared_surveys.survey_id IN (
            SELECT own.survey_id
            FROM shared_surveys AS own
            WHERE own.conversation_id IN (SELECT conversation_id FROM resolved)
        )
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
    conversation_summary.resolve_reason AS resolve_reason,
    conversation_summary.resolve_comment AS resolve_comment,
    conversation_summary.resolve_trigger AS resolve_trigger,
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
    conversation_summary.language AS language,
    conversation_summary.csat_score AS csat_score,
    conversation_summary.csat_completed_state AS csat_completed_state,
    conversation_summary.csat_follow_up_question AS csat_follow_up_question,
    conversation_summary.csat_follow_up_response AS csat_follow_up_response
FROM conversation_summary
WHERE resolved_at >= $from_ms AND resolved_at < $to_ms
ORDER BY resolved_at, conversation_id
