-- What happened in each conversation, in order: position 1 is the first event. Status changes of
-- cause csat are not part of it.
SELECT
    conversation_id,
    row_number() OVER (
        PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
    ) AS position,
    time_ms, kind, cause, agent_id, team_id, reason, comment, message_id, survey_id, score,
    follow_up_question, follow_up_response
FROM (
    SELECT
        conversation_id, time_ms, sequence, source, id,
        CASE
            WHEN type = 'conversation.status_changed' THEN status
            WHEN type = 'conversation.handed_over' THEN 'handed_over'
            ELSE 'assigned'
        END AS kind,
        cause, agent_id, team_id, reason, comment,
        CAST(NULL AS VARCHAR) AS message_id, CAST(NULL AS VARCHAR) AS survey_id,
        CAST(NULL AS BIGINT) AS score, CAST(NULL AS VARCHAR) AS follow_up_question,
        CAST(NULL AS VARCHAR) AS follow_up_response
    FROM scope_changes
    WHERE cause IS NULL OR cause <> 'csat'
    UNION ALL
    SELECT
        conversation_id, time_ms, sequence, source, id,
        CASE
            WHEN direction = 'inbound' THEN 'inbound'
            WHEN outbound_type = 'agent' THEN 'reply'
            ELSE 'outbound'
        END AS kind,
        NULL AS cause, agent_id, team_id, NULL AS reason, NULL AS comment, message_id,
        NULL AS survey_id, NULL AS score, NULL AS follow_up_question, NULL AS follow_up_response
    FROM scope_messages
    UNION ALL
    SELECT
        conversation_id, time_ms, sequence, source, id, type AS kind, NULL AS cause,
        NULL AS agent_id, NULL AS team_id, NULL AS reason, NULL AS comment, NULL AS message_id,
        survey_id, score, follow_up_question, follow_up_response
    FROM survey_events_in_scope
) AS events
WHERE conversation_id IN (SELECT conversation_id FROM conversations)
