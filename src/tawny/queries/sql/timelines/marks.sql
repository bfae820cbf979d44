-- What happened in the conversation of a timeline, in order.
SELECT
    marks.event, marks.time_ms, marks.kind, marks.agent_id, agents.name AS agent_name,
    marks.message_id, marks.cause, marks.reason
FROM (
    SELECT
        timeline.event, timeline.time_ms, timeline.kind, timeline.agent_id, timeline.message_id,
        coalesce(timeline.cause, messages.outbound_type) AS cause, timeline.reason
    FROM timeline
    LEFT JOIN scope_messages AS messages ON messages.event = timeline.event
    UNION ALL
    SELECT
        event, created_ms AS time_ms, 'created' AS kind, CAST(NULL AS VARCHAR) AS agent_id,
        CAST(NULL AS VARCHAR) AS message_id, CAST(NULL AS VARCHAR) AS cause,
        CAST(NULL AS VARCHAR) AS reason
    FROM conversations
    UNION ALL
    SELECT
        event, time_ms,
        CASE
            WHEN type = 'conversation.locked' THEN 'locked'
            WHEN type = 'conversation.unlocked' THEN 'unlocked'
        END AS kind,
        agent_id, CAST(NULL AS VARCHAR) AS message_id, CAST(NULL AS VARCHAR) AS cause,
        CAST(NULL AS VARCHAR) AS reason
    FROM lock_events_in_scope
    WHERE type IN ('conversation.locked', 'conversation.unlocked')
    UNION ALL
    SELECT
        event, time_ms,
        CASE
            WHEN type = 'csat.sent' THEN 'survey_sent'
            WHEN type = 'csat.answered' THEN 'survey_answered'
            WHEN type = 'csat.expired' THEN 'survey_expired'
        END AS kind,
        CAST(NULL AS VARCHAR) AS agent_id, CAST(NULL AS VARCHAR) AS message_id,
        CAST(NULL AS VARCHAR) AS cause, CAST(NULL AS VARCHAR) AS reason
    FROM survey_events_in_scope
    WHERE type IN ('csat.sent', 'csat.answered', 'csat.expired')
) AS marks
LEFT JOIN agents ON agents.agent_id = marks.agent_id
ORDER BY marks.event
