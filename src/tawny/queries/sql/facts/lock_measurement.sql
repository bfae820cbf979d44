-- One row: whether any channel of the request reports locks. The conversations in scope show it at
-- once in most logs; otherwise the whole log is asked.
WITH in_scope AS (
    SELECT count(*) AS locked FROM measured_channels
),

elsewhere AS (
    SELECT lock_events.conversation_id
    FROM lock_events
    INNER JOIN in_scope ON in_scope.locked = 0
    WHERE lock_events.type = 'conversation.locked'
),

first_creations AS (
    SELECT
        channel_id,
        row_number() OVER (
            PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
        ) AS oldest
    FROM conversation_events
    WHERE type = 'conversation.created'
        AND conversation_id IN (SELECT conversation_id FROM elsewhere)
),

requested AS (
    SELECT count(*) AS locked
    FROM first_creations
    WHERE oldest = 1
        AND ($all_channels OR channel_id IN (SELECT channel_id FROM requested_channels))
)

SELECT in_scope.locked > 0 OR requested.locked > 0 AS is_measured
FROM in_scope
CROSS JOIN requested
