-- Creations of messages that do not count, because another one of the same message comes first by
-- order.
SELECT message_id, source, id
FROM (
    SELECT
        message_id, source, id,
        row_number() OVER (
            PARTITION BY message_id ORDER BY time_ms, sequence, source, id
        ) AS nth
    FROM message_events
    WHERE type = 'message.created'
        AND message_id IN (SELECT message_id FROM repeated_messages)
) AS creations
WHERE nth > 1
