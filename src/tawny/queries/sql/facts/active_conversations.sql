-- Conversations in which people did something in the range, or that an agent may have held locked
-- when it began. A few too many do no harm: every value is cut to the range where it is counted.
WITH last_locks AS (
    SELECT agent_id, max(time_ms) AS time_ms
    FROM lock_events
    WHERE type = 'conversation.locked' AND time_ms < $from_ms
    GROUP BY agent_id
)

SELECT conversation_id
FROM message_events_in_range
WHERE type = 'message.created' AND outbound_type = 'agent'
UNION
SELECT conversation_id
FROM status_events_in_range
WHERE type = 'conversation.status_changed' AND status = 'resolved'
UNION
SELECT conversation_id
FROM survey_events_in_range
WHERE type = 'csat.answered'
UNION
SELECT conversation_id
FROM shared_surveys
WHERE survey_id IN (SELECT survey_id FROM survey_events_in_range WHERE type = 'csat.answered')
UNION
SELECT conversation_id
FROM label_events_in_range
WHERE type IN ('topic.applied', 'tag.applied')
UNION
SELECT conversation_id
FROM lock_events_in_range
WHERE type = 'conversation.locked'
UNION
SELECT lock_events.conversation_id
FROM lock_events
INNER JOIN last_locks
    ON last_locks.agent_id = lock_events.agent_id AND last_locks.time_ms = lock_events.time_ms
WHERE lock_events.type = 'conversation.locked'
