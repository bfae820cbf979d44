-- Of each channel one lock that shows that it reports locks, the last conversation's first one.
WITH locked AS (
    SELECT conversation_id, min(event) AS event
    FROM lock_events
    WHERE type = 'conversation.locked'
    GROUP BY conversation_id
),

created AS (
    SELECT
        conversation_id, channel_id,
        row_number() OVER (
            PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
        ) AS oldest
    FROM conversation_events
    WHERE type = 'conversation.created'
        AND conversation_id IN (SELECT conversation_id FROM locked)
),

ranked AS (
    SELECT
        created.channel_id, locked.conversation_id, locked.event,
        row_number() OVER (PARTITION BY created.channel_id ORDER BY locked.event DESC) AS nth
    FROM created
    INNER JOIN locked ON locked.conversation_id = created.conversation_id
    WHERE created.oldest = 1
        AND ($all_channels OR created.channel_id IN (SELECT channel_id FROM requested_channels))
)

SELECT channel_id, conversation_id, event
FROM ranked
WHERE nth = 1
