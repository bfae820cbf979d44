-- Lock sessions of human agents that have ended, in the conversations in scope. Events are walked
-- in two directions: along the agent (a lock elsewhere, offline) and along the conversation
-- (unlocked by the holder, locked by somebody else, a status change). A lock by the agent who
-- still holds the conversation continues the session.
WITH last_statuses AS (
    SELECT conversation_id, max(time_ms) AS time_ms
    FROM scope_changes
    WHERE type = 'conversation.status_changed' AND cause <> 'csat'
    GROUP BY conversation_id
),

-- What an agent did before the first lock in scope neither ends nor continues a session. A change
-- of status ends those before it, so what the agent does after it matters to none of them.
agent_spans AS (
    SELECT
        locks.agent_id,
        min(locks.time_ms) AS first_ms,
        max(
            CASE
                WHEN locks.time_ms < last_statuses.time_ms THEN last_statuses.time_ms
                ELSE $as_of_ms
            END
        ) AS last_ms
    FROM lock_events_in_scope AS locks
    LEFT JOIN last_statuses ON last_statuses.conversation_id = locks.conversation_id
    WHERE locks.type = 'conversation.locked'
    GROUP BY locks.agent_id
),

agent_events AS (
    SELECT
        /* evidence */ locks.event,
        locks.agent_id, locks.conversation_id, locks.team_id, locks.time_ms, locks.sequence,
        locks.source, locks.id, CAST(floor(locks.time_ms / 86400000) AS BIGINT) AS utc_day
    FROM lock_events AS locks
    INNER JOIN agent_spans
        ON agent_spans.agent_id = locks.agent_id
        AND locks.time_ms BETWEEN agent_spans.first_ms AND agent_spans.last_ms
    WHERE locks.type = 'conversation.locked'
    UNION ALL
    SELECT
        /* evidence */ presences.event,
        presences.agent_id, CAST(NULL AS VARCHAR) AS conversation_id,
        CAST(NULL AS VARCHAR) AS team_id, presences.time_ms, presences.sequence,
        presences.source, presences.id,
        CAST(floor(presences.time_ms / 86400000) AS BIGINT) AS utc_day
    FROM presence_events AS presences
    INNER JOIN agent_spans
        ON agent_spans.agent_id = presences.agent_id
        AND presences.time_ms BETWEEN agent_spans.first_ms AND agent_spans.last_ms
    WHERE presences.type = 'presence.changed' AND presences.presence = 'offline'
),

-- Of the days on which an agent locked nothing in scope only the first and the last millisecond
-- are walked: what lies between two such locks is seen at the border of a day.
lock_days AS (
    SELECT DISTINCT agent_id, utc_day
    FROM agent_events
    WHERE conversation_id IN (SELECT conversation_id FROM scope)
),

day_borders AS (
    SELECT agent_id, utc_day, min(time_ms) AS first_ms, max(time_ms) AS last_ms
    FROM agent_events
    GROUP BY agent_id, utc_day
),

near_events AS (
    SELECT
        /* evidence */ agent_events.event,
        agent_events.agent_id, agent_events.conversation_id, agent_events.team_id,
        agent_events.time_ms, agent_events.sequence, agent_events.source, agent_events.id
    FROM agent_events
    INNER JOIN day_borders
        ON day_borders.agent_id = agent_events.agent_id
        AND day_borders.utc_day = agent_events.utc_day
    LEFT JOIN lock_days
        ON lock_days.agent_id = agent_events.agent_id
        AND lock_days.utc_day = agent_events.utc_day
    WHERE lock_days.agent_id IS NOT NULL
        OR agent_events.time_ms = day_borders.first_ms
        OR agent_events.time_ms = day_borders.last_ms
),

-- Along the agent: a run is a lock and the locks of the same conversation right after it.
agent_runs AS (
    SELECT
        /* evidence */ event,
        agent_id, conversation_id, team_id, time_ms, sequence, source, id,
        row_number() OVER agent AS position,
        coalesce(lag(conversation_id) OVER agent, '') <> coalesce(conversation_id, '')
            AS begins_run
    FROM near_events
    WINDOW agent AS (PARTITION BY agent_id ORDER BY time_ms, sequence, source, id)
),

agent_locks AS (
    SELECT
        /* evidence */ event,
        /* evidence */ min(CASE WHEN begins_run THEN event END) OVER (
        /* evidence */ PARTITION BY agent_id ORDER BY position
        /* evidence */ ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        /* evidence */ ) AS agent_end_event,
        agent_id, conversation_id, team_id, time_ms, sequence, source, id, begins_run,
        min(CASE WHEN begins_run THEN time_ms END) OVER (
            PARTITION BY agent_id ORDER BY position
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS agent_end_ms
    FROM agent_runs
),

-- Along the conversation: who holds it after each event. An unlock by an agent who did not lock it
-- last changes nothing.
conversation_events_of_locks AS (
    SELECT
        /* evidence */ event, agent_end_event,
        conversation_id, agent_id, agent_id AS locked_by, team_id, time_ms, sequence, source, id,
        'locked' AS kind, begins_run, agent_end_ms
    FROM agent_locks
    WHERE conversation_id IN (SELECT conversation_id FROM scope)
    UNION ALL
    SELECT
        /* evidence */ event, CAST(NULL AS VARCHAR) AS agent_end_event,
        conversation_id, agent_id, CAST(NULL AS VARCHAR) AS locked_by,
        CAST(NULL AS VARCHAR) AS team_id, time_ms, sequence, source, id, 'unlocked' AS kind,
        CAST(NULL AS BOOLEAN) AS begins_run, CAST(NULL AS BIGINT) AS agent_end_ms
    FROM lock_events_in_scope
    WHERE type = 'conversation.unlocked'
    UNION ALL
    SELECT
        /* evidence */ event, CAST(NULL AS VARCHAR) AS agent_end_event,
        conversation_id, CAST(NULL AS VARCHAR) AS agent_id, CAST(NULL AS VARCHAR) AS locked_by,
        CAST(NULL AS VARCHAR) AS team_id, time_ms, sequence, source, id, 'status' AS kind,
        CAST(NULL AS BOOLEAN) AS begins_run, CAST(NULL AS BIGINT) AS agent_end_ms
    FROM scope_changes
    WHERE type = 'conversation.status_changed' AND cause <> 'csat'
),

conversation_walk AS (
    SELECT
        /* evidence */ event, agent_end_event,
        conversation_id, agent_id, locked_by, team_id, time_ms, kind, begins_run, agent_end_ms,
        row_number() OVER conversation AS position,
        last_value(locked_by IGNORE NULLS) OVER (
            PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS last_locked_by
    FROM conversation_events_of_locks
    WINDOW conversation AS (PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id)
),

conversation_runs AS (
    SELECT
        /* evidence */ event, agent_end_event,
        conversation_id, agent_id, team_id, time_ms, kind, begins_run, agent_end_ms, position,
        coalesce(lag(locked_by) OVER conversation, '') <> coalesce(locked_by, '') AS begins_hold
    FROM conversation_walk
    WHERE kind <> 'unlocked' OR agent_id = last_locked_by
    WINDOW conversation AS (PARTITION BY conversation_id ORDER BY position)
),

holds AS (
    SELECT
        /* evidence */ event, agent_end_event,
        /* evidence */ min(CASE WHEN begins_hold THEN event END) OVER (
        /* evidence */ PARTITION BY conversation_id ORDER BY position
        /* evidence */ ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        /* evidence */ ) AS conversation_end_event,
        conversation_id, agent_id, team_id, time_ms, kind, begins_run, begins_hold, agent_end_ms,
        min(CASE WHEN begins_hold THEN time_ms END) OVER (
            PARTITION BY conversation_id ORDER BY position
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS conversation_end_ms
    FROM conversation_runs
),

sessions AS (
    SELECT
        /* evidence */ event AS lock_event,
        /* evidence */ least(
        /* evidence */ coalesce(agent_end_event, conversation_end_event),
        /* evidence */ coalesce(conversation_end_event, agent_end_event)
        /* evidence */ ) AS end_event,
        conversation_id, agent_id, team_id, time_ms AS start_ms,
        least(
            coalesce(agent_end_ms, conversation_end_ms),
            coalesce(conversation_end_ms, agent_end_ms)
        ) AS end_ms
    FROM holds
    WHERE kind = 'locked'
        AND (begins_run OR begins_hold)
        AND agent_id NOT IN (SELECT agent_id FROM virtual_agents)
),

ended AS (
    SELECT
        /* evidence */ sessions.lock_event, sessions.end_event,
        sessions.conversation_id, sessions.agent_id, sessions.team_id, sessions.start_ms,
        sessions.end_ms, created_conversations.is_erased
    FROM sessions
    INNER JOIN created_conversations
        ON created_conversations.conversation_id = sessions.conversation_id
    WHERE sessions.end_ms IS NOT NULL
),

replies AS (
    SELECT
        /* evidence */ min(scope_messages.event) AS event,
        ended.conversation_id, ended.agent_id, ended.start_ms, ended.end_ms
    FROM ended
    INNER JOIN scope_messages
        ON scope_messages.conversation_id = ended.conversation_id
        AND scope_messages.agent_id = ended.agent_id
        AND scope_messages.time_ms BETWEEN ended.start_ms AND ended.end_ms
    WHERE scope_messages.outbound_type = 'agent'
    GROUP BY ended.conversation_id, ended.agent_id, ended.start_ms, ended.end_ms
),

resolves AS (
    SELECT
        /* evidence */ min(scope_changes.event) AS event,
        ended.conversation_id, ended.agent_id, ended.start_ms, ended.end_ms
    FROM ended
    INNER JOIN scope_changes
        ON scope_changes.conversation_id = ended.conversation_id
        AND scope_changes.agent_id = ended.agent_id
        AND scope_changes.time_ms BETWEEN ended.start_ms AND ended.end_ms
    WHERE scope_changes.type = 'conversation.status_changed'
        AND scope_changes.status = 'resolved'
        AND scope_changes.cause = 'agent'
    GROUP BY ended.conversation_id, ended.agent_id, ended.start_ms, ended.end_ms
)

SELECT
    /* evidence */ ended.lock_event, ended.end_event, replies.event AS reply_event,
    /* evidence */ resolves.event AS resolve_event,
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
