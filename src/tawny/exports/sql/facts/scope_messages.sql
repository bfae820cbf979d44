-- The messages of the conversations in scope. Of several creations of one message the first by
-- order counts, wherever it was, and later ones are ignored altogether.
WITH candidates AS (
    SELECT
        message_id, conversation_id, direction, outbound_type, agent_id, team_id,
        time_ms, sequence, source, id,
        row_number() OVER (
            PARTITION BY message_id ORDER BY time_ms, sequence, source, id
        ) AS oldest
    FROM message_events
    WHERE type = 'message.created'
        AND conversation_id IN (SELECT conversation_id FROM scope)
),

elsewhere AS (
    SELECT message_id, time_ms, sequence, source, id
    FROM message_events
    WHERE type = 'message.created'
        AND message_id IN (SELECT message_id FROM candidates)
        AND conversation_id NOT IN (SELECT conversation_id FROM scope)
)

SELECT
    message_id, conversation_id, direction, outbound_type, agent_id, team_id,
    time_ms, sequence, source, id
FROM candidates
WHERE oldest = 1
    AND NOT EXISTS (
        SELECT 1
        FROM elsewhere
        WHERE elsewhere.message_id = candidates.message_id
            AND (elsewhere.time_ms, elsewhere.sequence, elsewhere.source, elsewhere.id)
                < (candidates.time_ms, candidates.sequence, candidates.source, candidates.id)
    )
