-- Agents that may have been in the period between two versions of the log, also by a lock, a status
-- or a presence that began before it.
WITH agents AS (
    SELECT agent_id
    FROM all_message
    WHERE conversation_id IN (SELECT conversation_id FROM restless_conversations)
        AND time_ms >= $from_ms
        AND time_ms < $to_ms
    UNION
    SELECT agent_id
    FROM all_label
    WHERE conversation_id IN (SELECT conversation_id FROM restless_conversations)
        AND time_ms >= $from_ms
        AND time_ms < $to_ms
    UNION
    SELECT agent_id
    FROM all_status
    WHERE conversation_id IN (SELECT conversation_id FROM restless_conversations)
        AND time_ms < $to_ms
    UNION
    SELECT agent_id
    FROM all_lock
    WHERE conversation_id IN (SELECT conversation_id FROM restless_conversations)
        AND time_ms < $to_ms
    UNION
    SELECT agent_id
    FROM fresh_presence
    WHERE time_ms < $to_ms
),

always_virtual AS (
    SELECT agent_id
    FROM virtual_agents
    WHERE agent_id NOT IN (SELECT agent_id FROM fresh_reference WHERE type = 'agent.saved')
)

SELECT agent_id AS user_id
FROM agents
WHERE agent_id IS NOT NULL
    AND agent_id NOT IN (SELECT agent_id FROM always_virtual)
