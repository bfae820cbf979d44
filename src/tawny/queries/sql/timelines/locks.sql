-- Who held the conversation of a timeline: its lock sessions that have ended.
SELECT
    lock_sessions.start_ms, lock_sessions.end_ms, lock_sessions.kind, lock_sessions.agent_id,
    agents.name AS agent_name
FROM lock_sessions
LEFT JOIN agents ON agents.agent_id = lock_sessions.agent_id
ORDER BY lock_sessions.lock_event
