-- When anything last happened to a conversation in scope: its own events, its messages, tags,
-- topics and surveys; locks do not count, nor a second creation of it or of a message.
SELECT
    /* evidence */ max(event) AS event,
    conversation_id, max(time_ms) AS last_updated_ms
FROM (
    SELECT
        /* evidence */ event,
        conversation_id, time_ms
    FROM scope_creations
    WHERE type = 'conversation.updated'
    UNION ALL
    SELECT
        /* evidence */ event,
        conversation_id, time_ms
    FROM scope_changes
    UNION ALL
    SELECT
        /* evidence */ event,
        conversation_id, created_ms AS time_ms
    FROM conversations
    UNION ALL
    SELECT
        /* evidence */ event,
        conversation_id, time_ms
    FROM scope_messages
    UNION ALL
    SELECT
        /* evidence */ event,
        conversation_id, time_ms
    FROM message_change_events_in_scope
    WHERE type IN ('message.updated', 'message.deleted')
    UNION ALL
    SELECT
        /* evidence */ event,
        conversation_id, time_ms
    FROM label_events_in_scope
    WHERE type IN ('topic.applied', 'topic.removed', 'tag.applied', 'tag.removed')
    UNION ALL
    SELECT
        /* evidence */ event,
        conversation_id, time_ms
    FROM survey_events_in_scope
    WHERE type IN ('csat.sent', 'csat.answered', 'csat.expired')
) AS events
GROUP BY conversation_id
