-- Virtual agents that may have worked in the period between two versions of the log, by channel.
WITH worked AS (
    SELECT agent_id, conversation_id
    FROM all_message
    WHERE time_ms >= $from_ms AND time_ms < $to_ms
    UNION
    SELECT agent_id, conversation_id
    FROM all_status
    WHERE time_ms >= $from_ms AND time_ms < $to_ms
    UNION
    SELECT agent_id, conversation_id
    FROM all_label
    WHERE time_ms >= $from_ms AND time_ms < $to_ms
)

SELECT events.agent_id, creations.channel_id
FROM worked AS events
INNER JOIN all_conversation AS creations
    ON creations.conversation_id = events.conversation_id
    AND creations.type = 'conversation.created'
WHERE events.conversation_id IN (SELECT conversation_id FROM restless_conversations)
    AND events.agent_id IN (
        SELECT agent_id FROM virtual_agents
        UNION
        SELECT agent_id FROM fresh_reference WHERE type = 'agent.saved'
    )
