-- What happened to the conversations in scope: statuses, hand-overs, virtual agents.
SELECT
    /* evidence */ event,
    type, time_ms, sequence, source, id, conversation_id, status, cause, agent_id, team_id, reason,
    comment
FROM status_events_in_scope
WHERE type IN (
    'conversation.status_changed', 'conversation.virtual_agent_assigned',
    'conversation.handed_over'
)
