-- The events of the conversations in scope, read once.
SELECT
    type, time_ms, sequence, source, id, conversation_id, channel_id, contact_id, url, language,
    status, cause, agent_id, team_id, reason, comment
FROM conversation_events_in_scope
