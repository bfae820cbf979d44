-- The responses in the conversation of a timeline: each from what opened the wait to the reply.
SELECT
    responses.from_ms AS start_ms, responses.to_ms AS end_ms, responses.started_by AS kind,
    responses.agent_id, agents.name AS agent_name, responses.outbound_message_id AS message_id
FROM responses
LEFT JOIN agents ON agents.agent_id = responses.agent_id
ORDER BY responses.position
