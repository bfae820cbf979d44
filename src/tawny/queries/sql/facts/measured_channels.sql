-- Channels that report locks: one in any conversation whose creation arrived. Elsewhere handle,
-- no-response and cherry-picking times are unknown, not zero. Of the channels of the conversations
-- in scope only; these conversations answer for most, and the whole log is asked for the others.
WITH seen AS (
    SELECT DISTINCT channel_id
    FROM created_conversations
    WHERE conversation_id IN (
        SELECT conversation_id FROM lock_events_in_scope WHERE type = 'conversation.locked'
    )
),

unseen AS (
    SELECT DISTINCT channel_id
    FROM created_conversations
    WHERE channel_id NOT IN (SELECT channel_id FROM seen)
),

candidates AS (
    SELECT DISTINCT conversation_id
    FROM conversation_events
    WHERE type = 'conversation.created'
        AND channel_id IN (SELECT channel_id FROM unseen)
),

locked AS (
    SELECT DISTINCT conversation_id
    FROM lock_events
    WHERE type = 'conversation.locked'
        AND conversation_id IN (SELECT conversation_id FROM candidates)
),

first_creations AS (
    SELECT
        channel_id,
        row_number() OVER (
            PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
        ) AS oldest
    FROM conversation_events
    WHERE type = 'conversation.created'
        AND conversation_id IN (SELECT conversation_id FROM locked)
)

SELECT channel_id FROM seen
UNION
SELECT channel_id
FROM first_creations
WHERE oldest = 1 AND channel_id IN (SELECT channel_id FROM unseen)
