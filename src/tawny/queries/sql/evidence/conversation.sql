-- The events that cells of a conversation hang on, by rule and part.
-- of: resolved-conversations, open-conversations
-- row: conversation_id, contact_profile_id, created_at
-- channel: medium, channel, channel_display_name
-- contact: contact_primary_identifier, contact_secondary_identifier
-- last_change: last_status_change_agent_id, last_status_change_team_id
-- last_change changer: last_status_change_agent_name, last_status_change_agent_reference
-- last_change changing_team: last_status_change_team_name
-- status: current_status
-- resolve: resolved_by, resolve_reason, resolve_comment, resolve_trigger, resolved_at,
--   resolved_agent_id
-- resolve resolver: resolved_agent_name, resolved_agent_reference
-- inbound: inbound_messages = count
-- outbound: outbound_messages = count
-- first_response: first_response_time = sum
-- handle: handle_time = sum of locks
-- no_response: no_response_time = sum of locks
-- cherry_picking: cherry_picking_time = sum of locks
-- resolution: resolution_time = sum
-- topics: topic_ids
-- topics topic_names: topic_names
-- url: conversation_url
-- language: language
-- activity: last_updated
-- survey: csat_score, csat_completed_state, csat_follow_up_question, csat_follow_up_response
WITH explained AS (
    SELECT
        conversations.conversation_id, conversations.channel_id, conversations.contact_id,
        conversations.event, conversations.url, conversations.url_event, conversations.language,
        conversations.language_event, asked.export_type, summary.resolve_event,
        summary.last_change_event, summary.last_status_event, summary.first_inbound_event,
        summary.last_survey_id, summary.last_status_change_agent_id,
        summary.last_status_change_team_id, summary.resolved_agent_id, summary.resolution_time
    FROM asked
    INNER JOIN conversations ON conversations.conversation_id = asked.conversation_id
    INNER JOIN conversation_summary AS summary
        ON summary.conversation_id = asked.conversation_id
),

sessions AS (
    SELECT
        lock_sessions.kind, lock_sessions.lock_event,
        lock_sessions.end_ms - lock_sessions.start_ms AS amount
    FROM explained
    INNER JOIN lock_sessions ON lock_sessions.conversation_id = explained.conversation_id
),

kinds AS (
    SELECT DISTINCT kind AS rule FROM sessions
    UNION
    SELECT 'handle' AS rule
    UNION
    SELECT 'no_response' AS rule
    UNION
    SELECT 'cherry_picking' AS rule
)

SELECT 'row' AS rule, 'row' AS part, event, CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT 'row' AS rule, 'row' AS part, resolve_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
WHERE export_type = 'resolved-conversations'
UNION ALL
SELECT 'row' AS rule, 'row' AS part, last_status_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
WHERE export_type = 'open-conversations'
UNION ALL
SELECT 'channel' AS rule, 'saved' AS part, channels.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN channels ON channels.channel_id = explained.channel_id
UNION ALL
SELECT 'contact' AS rule, 'saved' AS part, contact_names.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN contact_names ON contact_names.contact_id = explained.contact_id
UNION ALL
SELECT
    'last_change' AS rule, 'last_change' AS part, last_change_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT 'changer' AS rule, 'saved' AS part, agents.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN agents ON agents.agent_id = explained.last_status_change_agent_id
UNION ALL
SELECT 'changing_team' AS rule, 'saved' AS part, teams.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN teams ON teams.team_id = explained.last_status_change_team_id
UNION ALL
SELECT
    'status' AS rule, 'last_change' AS part, last_status_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT
    'resolve' AS rule, 'first_resolve' AS part, resolve_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT 'resolver' AS rule, 'saved' AS part, agents.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN agents ON agents.agent_id = explained.resolved_agent_id
UNION ALL
SELECT 'inbound' AS rule, 'counted' AS part, timeline.event, 1 AS amount
FROM explained
INNER JOIN timeline ON timeline.conversation_id = explained.conversation_id
WHERE timeline.kind = 'inbound'
UNION ALL
SELECT 'outbound' AS rule, 'counted' AS part, timeline.event, 1 AS amount
FROM explained
INNER JOIN timeline ON timeline.conversation_id = explained.conversation_id
WHERE timeline.kind IN ('reply', 'outbound')
UNION ALL
SELECT
    'first_response' AS rule,
    CASE WHEN first_responses.handover_event IS NULL THEN 'starts' ELSE 'first_inbound' END AS part,
    first_responses.inbound_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN first_responses ON first_responses.conversation_id = explained.conversation_id
UNION ALL
SELECT
    'first_response' AS rule, 'starts' AS part, first_responses.handover_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN first_responses ON first_responses.conversation_id = explained.conversation_id
UNION ALL
SELECT
    'first_response' AS rule,
    CASE
        WHEN first_responses.response_ms < first_responses.end_ms - first_responses.start_ms
            THEN 'hours'
        ELSE 'open_hours'
    END AS part,
    first_responses.hours_event AS event,
    CASE
        WHEN first_responses.response_ms < first_responses.end_ms - first_responses.start_ms
            THEN first_responses.response_ms - (first_responses.end_ms - first_responses.start_ms)
    END AS amount
FROM explained
INNER JOIN first_responses ON first_responses.conversation_id = explained.conversation_id
UNION ALL
SELECT
    'first_response' AS rule, 'ends' AS part, first_responses.reply_event AS event,
    first_responses.end_ms - first_responses.start_ms AS amount
FROM explained
INNER JOIN first_responses ON first_responses.conversation_id = explained.conversation_id
UNION ALL
SELECT
    kinds.rule,
    CASE WHEN sessions.kind = kinds.rule THEN 'session' ELSE 'other_session' END AS part,
    sessions.lock_event AS event, sessions.amount
FROM kinds
CROSS JOIN sessions
UNION ALL
SELECT
    'resolution' AS rule, 'starts' AS part, explained.first_inbound_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
WHERE explained.resolution_time IS NOT NULL
UNION ALL
SELECT
    'resolution' AS rule, 'ends' AS part, explained.resolve_event AS event,
    last.time_ms - first.time_ms AS amount
FROM explained
INNER JOIN timeline AS first ON first.event = explained.first_inbound_event
INNER JOIN timeline AS last ON last.event = explained.resolve_event
WHERE explained.resolution_time IS NOT NULL
UNION ALL
SELECT 'topics' AS rule, 'applied' AS part, applied_labels.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN applied_labels ON applied_labels.labelled_id = explained.conversation_id
UNION ALL
SELECT
    'topic_names' AS rule, 'saved' AS part, applied_labels.name_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN applied_labels ON applied_labels.labelled_id = explained.conversation_id
UNION ALL
SELECT 'url' AS rule, 'carries' AS part, url_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
WHERE url IS NOT NULL
UNION ALL
SELECT
    'language' AS rule, 'carries' AS part, language_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
WHERE language IS NOT NULL
UNION ALL
SELECT
    'activity' AS rule, 'last_event' AS part, conversation_activity.event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN conversation_activity
    ON conversation_activity.conversation_id = explained.conversation_id
UNION ALL
SELECT
    'survey' AS rule, 'survey' AS part, surveys.first_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN surveys ON surveys.survey_id = explained.last_survey_id
UNION ALL
SELECT
    'survey' AS rule, 'answered' AS part, surveys.last_answer_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN surveys ON surveys.survey_id = explained.last_survey_id
UNION ALL
SELECT
    'survey' AS rule, 'expired' AS part, surveys.expired_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN surveys ON surveys.survey_id = explained.last_survey_id
WHERE surveys.state = 'timed_out'
