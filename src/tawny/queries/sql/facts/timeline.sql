-- What happened in each conversation, in order: position 1 is the first event. Status changes of
-- cause csat are not part of it.
SELECT
    /* evidence */ event,
    conversation_id,
    row_number() OVER (
        PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
    ) AS position,
    time_ms, kind, cause, agent_id, team_id, reason, comment, message_id
FROM (
    SELECT
        /* evidence */ event,
        conversation_id, time_ms, sequence, source, id,
        CASE
            WHEN type = 'conversation.status_changed' THEN status
            WHEN type = 'conversation.handed_over' THEN 'handed_over'
            WHEN type = 'conversation.virtual_agent_assigned' THEN 'assigned'
        END AS kind,
        cause, agent_id, team_id, reason, comment,
        CAST(NULL AS VARCHAR) AS message_id
    FROM scope_changes
    WHERE cause IS NULL OR cause <> 'csat'
    UNION ALL
    SELECT
        /* evidence */ event,
        conversation_id, time_ms, sequence, source, id,
        CASE
            WHEN direction = 'inbound' THEN 'inbound'
            WHEN outbound_type = 'agent' THEN 'reply'
            ELSE 'outbound'
        END AS kind,
        CAST(NULL AS VARCHAR) AS cause, agent_id, team_id,
        CAST(NULL AS VARCHAR) AS reason, CAST(NULL AS VARCHAR) AS comment, message_id
    FROM scope_messages
) AS events
WHERE conversation_id IN (SELECT conversation_id FROM conversations)
