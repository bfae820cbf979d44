-- Channels that report locks: one in any conversation whose creation arrived. Elsewhere handle,
-- no-response and cherry-picking times are unknown, not zero.
SELECT DISTINCT channel_id
FROM (
    SELECT
        channel_id,
        row_number() OVER (
            PARTITION BY conversation_id ORDER BY time_ms, sequence, source, id
        ) AS oldest
    FROM conversation_events
    WHERE type = 'conversation.created'
        AND conversation_id IN (
            SELECT conversation_id FROM lock_events WHERE type = 'conversation.locked'
        )
) AS created
WHERE oldest = 1
    AND ($all_channels OR channel_id IN (SELECT channel_id FROM requested_channels))
