-- Channels with the names they have now: the last channel.saved of each, as a whole.
SELECT channel_id, medium, name, display_name
FROM (
    SELECT
        channel_id, medium, name, display_name,
        row_number() OVER (
            PARTITION BY channel_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type = 'channel.saved'
) AS saved
WHERE newest = 1
