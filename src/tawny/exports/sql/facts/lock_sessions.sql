-- Lock sessions of human agents that have ended, in the conversations in scope. Events are walked
-- in two directions: along the agent (a lock elsewhere, offline) and along the conversation
-- (unlocked, locked by somebody else, a status change). A lock by the agent who still holds the
-- conversation continues the session.
WITH agent_events AS (
    SELECT agent_id, conversation_id, team_id, time_ms, sequence, source, id, TRUE AS is_lock
    FROM lock_events
    WHERE type = 'conversation.locked'
    UNION ALL
    SELECT
        agent_id, NULL AS conversation_id, NULL AS team_id, time_ms, sequence, source, id,
        FALSE AS is_lock
    FROM presence_events
    WHERE presence = 'offline'
),

agent_walk AS (
    SELECT
        agent_id, conversation_id, team_id, time_ms, sequence, source, id, is_lock,
        row_number() OVER agent AS position,
        min(CASE WHEN NOT is_lock THEN time_ms END) OVER later AS next_offline_ms,
        lag(conversation_id) OVER (
            PARTITION BY agent_id, is_lock ORDER BY time_ms, sequence, source, id
        ) AS conversation_before
    FROM agent_events
    WINDOW
        agent AS (PARTITION BY agent_id ORDER BY time_ms, sequence, source, id),
        later AS (
            PARTITION BY agent_id ORDER BY time_ms, sequence, source, id
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        )
),

agent_locks AS (
    SELECT
        agent_id, conversation_id, team_id, time_ms, sequence, source, id,
        -- Since the agent's last lock: another conversation, or offline in between.
        conversation_before IS NULL
        OR conversation_before <> conversation_id
        OR coalesce(last_offline > last_lock, FALSE) AS agent_let_go,
        least(
            next_offline_ms,
            min(CASE WHEN conversation_before <> conversation_id THEN time_ms END) OVER (
                PARTITION BY agent_id, is_lock ORDER BY position
                ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
            )
        ) AS agent_end_ms
    FROM (
        SELECT
            agent_id, conversation_id, team_id, time_ms, sequence, source, id, is_lock, position,
            next_offline_ms, conversation_before,
            max(CASE WHEN NOT is_lock THEN position END) OVER earlier AS last_offline,
            max(CASE WHEN is_lock THEN position END) OVER earlier AS last_lock
        FROM agent_walk
        WINDOW earlier AS (
            PARTITION BY agent_id ORDER BY position
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    ) AS walked
    WHERE is_lock
),

conversation_events_of_locks AS (
    SELECT
        conversation_id, agent_id, team_id, time_ms, sequence, source, id, 'locked' AS kind,
        agent_let_go, agent_end_ms
    FROM agent_locks
    WHERE conversation_id IN (SELECT conversation_id FROM scope)
    UNION ALL
    SELECT
        conversation_id, agent_id, NULL AS team_id, time_ms, sequence, source, id,
        'unlocked' AS kind, NULL AS agent_let_go, NULL AS agent_end_ms
    FROM lock_events
    WHERE type = 'conversation.unlocked'
        AND conversation_id IN (SELECT conversation_id FROM scope)
    UNION ALL
    SELECT
        conversation_id, NULL AS agent_id, NULL AS team_id, time_ms, sequence, source, id,
        'status' AS kind, NULL AS agent_let_go, NULL AS agent_end_ms
    FROM scope_conversation_events
    WHERE type = 'conversation.status_changed' AND cause <> 'csat'
),

conversation_walk AS (
    SELECT
        conversation_id, agent_id, team_id, time_ms, kind, agent_let_go, agent_end_ms,
        row_number() OVER conversation AS position,
        min(CASE WHEN kind = 'status' THEN time_ms END) OVER later AS next_status_ms,
        lag(agent_id) OVER (
            PARTITION BY conversation_id, kind ORDER BY time_ms, sequence, source, id
        ) AS agent_before
    FROM conversation_events_of_locks
    WINDOW
        conversation AS (PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id),
        later AS (
            PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        )
),

conversation_marks AS (
    SELECT
        conversation_id, agent_id, team_id, time_ms, kind, agent_let_go, agent_end_ms,
        next_status_ms, agent_before,
        min(CASE WHEN kind = 'locked' AND agent_before <> agent_id THEN time_ms END) OVER (
            PARTITION BY conversation_id ORDER BY position
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS next_steal_ms,
        min(CASE WHEN kind = 'unlocked' THEN time_ms END) OVER (
            PARTITION BY conversation_id, agent_id ORDER BY position
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS next_unlock_ms,
        max(CASE WHEN kind = 'status' THEN position END) OVER earlier AS last_status,
        max(CASE WHEN kind = 'unlocked' THEN position END) OVER own_earlier AS last_unlock,
        max(CASE WHEN kind = 'locked' THEN position END) OVER own_earlier AS last_lock
    FROM conversation_walk
    WINDOW
        earlier AS (
            PARTITION BY conversation_id ORDER BY position
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ),
        own_earlier AS (
            PARTITION BY conversation_id, agent_id ORDER BY position
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
),

sessions AS (
    SELECT
        conversation_id, agent_id, team_id, time_ms AS start_ms,
        least(agent_end_ms, next_status_ms, next_steal_ms, next_unlock_ms) AS end_ms
    FROM conversation_marks
    WHERE kind = 'locked'
        AND agent_id NOT IN (SELECT agent_id FROM virtual_agents)
        AND (
            agent_let_go
            OR agent_before IS NULL
            OR agent_before <> agent_id
            OR coalesce(last_status > last_lock, FALSE)
            OR coalesce(last_unlock > last_lock, FALSE)
        )
),

ended AS (
    SELECT
        sessions.conversation_id, sessions.agent_id, sessions.team_id, sessions.start_ms,
        sessions.end_ms, created_conversations.is_erased
    FROM sessions
    INNER JOIN created_conversations
        ON created_conversations.conversation_id = sessions.conversation_id
    WHERE sessions.end_ms IS NOT NULL
),

replies AS (
    SELECT DISTINCT ended.conversation_id, ended.agent_id, ended.start_ms, ended.end_ms
    FROM ended
    INNER JOIN scope_messages
        ON scope_messages.conversation_id = ended.conversation_id
        AND scope_messages.agent_id = ended.agent_id
        AND scope_messages.time_ms BETWEEN ended.start_ms AND ended.end_ms
    WHERE scope_messages.outbound_type = 'agent'
),

resolves AS (
    SELECT DISTINCT ended.conversation_id, ended.agent_id, ended.start_ms, ended.end_ms
    FROM ended
    INNER JOIN scope_conversation_events
        ON scope_conversation_events.conversation_id = ended.conversation_id
        AND scope_conversation_events.agent_id = ended.agent_id
        AND scope_conversation_events.time_ms BETWEEN ended.start_ms AND ended.end_ms
    WHERE scope_conversation_events.type = 'conversation.status_changed'
        AND scope_conversation_events.status = 'resolved'
        AND scope_conversation_events.cause = 'agent'
)

SELECT
    ended.conversation_id, ended.agent_id, ended.team_id, ended.start_ms, ended.end_ms,
    ended.is_erased,
    CASE
        WHEN replies.agent_id IS NOT NULL THEN 'handle'
        WHEN resolves.agent_id IS NOT NULL THEN 'no_response'
        ELSE 'cherry_picking'
    END AS kind
FROM ended
LEFT JOIN replies
    ON replies.conversation_id = ended.conversation_id
    AND replies.agent_id = ended.agent_id
    AND replies.start_ms = ended.start_ms
    AND replies.end_ms = ended.end_ms
LEFT JOIN resolves
    ON resolves.conversation_id = ended.conversation_id
    AND resolves.agent_id = ended.agent_id
    AND resolves.start_ms = ended.start_ms
    AND resolves.end_ms = ended.end_ms
