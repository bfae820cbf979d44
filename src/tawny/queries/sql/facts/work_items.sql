-- Everything agents and teams are credited with in the range, one row each: replies, human
-- resolves, first responses, resolutions, lock time by kind (cut to the range), handle sessions
-- that end in the range (whole), surveys returned, tags and topics added.
WITH first_reply AS (
    SELECT
        /* evidence */ min(event) AS event,
        conversation_id, min(position) AS position
    FROM timeline
    WHERE kind = 'reply'
    GROUP BY conversation_id
),

first_resolve AS (
    SELECT
        /* evidence */ min(CASE WHEN kind = 'inbound' THEN event END) AS inbound_event,
        conversation_id,
        min(CASE WHEN kind = 'resolved' THEN position END) AS position,
        min(CASE WHEN kind = 'inbound' THEN position END) AS inbound_position,
        min(CASE WHEN kind = 'inbound' THEN time_ms END) AS inbound_ms
    FROM timeline
    GROUP BY conversation_id
)

SELECT
    /* evidence */ timeline.event, CAST(NULL AS VARCHAR) AS earlier_event,
    'reply' AS what, timeline.agent_id, timeline.team_id, timeline.conversation_id,
    conversations.contact_id, timeline.time_ms, CAST(NULL AS BIGINT) AS amount,
    CAST(NULL AS BOOLEAN) AS has_response
FROM timeline
INNER JOIN conversations ON conversations.conversation_id = timeline.conversation_id
WHERE timeline.kind = 'reply' AND timeline.time_ms >= $from_ms AND timeline.time_ms < $to_ms
UNION ALL
SELECT
    /* evidence */ timeline.event, first_reply.event AS earlier_event,
    'resolve' AS what, timeline.agent_id, timeline.team_id, timeline.conversation_id,
    CAST(NULL AS VARCHAR) AS contact_id, timeline.time_ms, CAST(NULL AS BIGINT) AS amount,
    coalesce(first_reply.position < timeline.position, FALSE) AS has_response
FROM timeline
LEFT JOIN first_reply ON first_reply.conversation_id = timeline.conversation_id
WHERE timeline.kind = 'resolved'
    AND timeline.cause IN ('agent', 'bulk')
    AND timeline.time_ms >= $from_ms AND timeline.time_ms < $to_ms
UNION ALL
SELECT
    /* evidence */ reply_event AS event, inbound_event AS earlier_event,
    'first_response' AS what, agent_id, team_id, conversation_id,
    CAST(NULL AS VARCHAR) AS contact_id, end_ms AS time_ms, response_ms AS amount,
    CAST(NULL AS BOOLEAN) AS has_response
FROM first_responses
WHERE end_ms >= $from_ms AND end_ms < $to_ms
UNION ALL
SELECT
    /* evidence */ resolve.event, first_resolve.inbound_event AS earlier_event,
    'resolution' AS what, resolve.agent_id, resolve.team_id, resolve.conversation_id,
    CAST(NULL AS VARCHAR) AS contact_id, resolve.time_ms,
    resolve.time_ms - first_resolve.inbound_ms AS amount,
    CAST(NULL AS BOOLEAN) AS has_response
FROM first_resolve
INNER JOIN timeline AS resolve
    ON resolve.conversation_id = first_resolve.conversation_id
    AND resolve.position = first_resolve.position
WHERE first_resolve.inbound_position < first_resolve.position
    AND resolve.cause IN ('agent', 'bulk')
    AND resolve.time_ms >= $from_ms AND resolve.time_ms < $to_ms
UNION ALL
SELECT
    /* evidence */ lock_event AS event, CAST(NULL AS VARCHAR) AS earlier_event,
    kind AS what, agent_id, team_id, conversation_id, CAST(NULL AS VARCHAR) AS contact_id,
    start_ms AS time_ms, least(end_ms, $to_ms) - greatest(start_ms, $from_ms) AS amount,
    CAST(NULL AS BOOLEAN) AS has_response
FROM lock_sessions
WHERE start_ms < $to_ms AND end_ms > $from_ms AND end_ms > start_ms
UNION ALL
SELECT
    /* evidence */ lock_event AS event, CAST(NULL AS VARCHAR) AS earlier_event,
    'handle_ended' AS what, agent_id, team_id, conversation_id, CAST(NULL AS VARCHAR) AS contact_id,
    end_ms AS time_ms, end_ms - start_ms AS amount, CAST(NULL AS BOOLEAN) AS has_response
FROM lock_sessions
WHERE kind = 'handle' AND end_ms >= $from_ms AND end_ms < $to_ms
UNION ALL
SELECT
    /* evidence */ answer_event AS event, CAST(NULL AS VARCHAR) AS earlier_event,
    'survey' AS what, credited_agent_id AS agent_id, credited_team_id AS team_id,
    conversation_id, CAST(NULL AS VARCHAR) AS contact_id, returned_ms AS time_ms, score AS amount,
    CAST(NULL AS BOOLEAN) AS has_response
FROM surveys
WHERE returned_ms >= $from_ms AND returned_ms < $to_ms
UNION ALL
SELECT
    /* evidence */ label_events_in_range.event, CAST(NULL AS VARCHAR) AS earlier_event,
    label_events_in_range.type AS what, label_events_in_range.agent_id,
    label_events_in_range.team_id, label_events_in_range.conversation_id,
    CAST(NULL AS VARCHAR) AS contact_id, label_events_in_range.time_ms,
    CAST(NULL AS BIGINT) AS amount, CAST(NULL AS BOOLEAN) AS has_response
FROM label_events_in_range
INNER JOIN conversations
    ON conversations.conversation_id = label_events_in_range.conversation_id
WHERE label_events_in_range.type IN ('tag.applied', 'topic.applied')
    AND label_events_in_range.agent_id IS NOT NULL
    AND label_events_in_range.agent_id NOT IN (SELECT agent_id FROM virtual_agents)
