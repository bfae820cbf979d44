-- Of each requested channel the last event that names it: where it was saved, that one.
SELECT channel_id, coalesce(max(saved), max(created)) AS event
FROM (
    SELECT channel_id, event AS saved, CAST(NULL AS VARCHAR) AS created
    FROM reference_events
    WHERE type = 'channel.saved' AND channel_id IN (SELECT channel_id FROM requested_channels)
    UNION ALL
    SELECT channel_id, CAST(NULL AS VARCHAR) AS saved, event AS created
    FROM conversation_events
    WHERE type = 'conversation.created'
        AND channel_id IN (SELECT channel_id FROM requested_channels)
) AS naming
GROUP BY channel_id
