-- The business hours of each channel over time. The first version also holds before it was saved;
-- of several in one millisecond the last by order counts.
SELECT
    channel_id, business_hours,
    CASE
        WHEN lag(time_ms) OVER (PARTITION BY channel_id ORDER BY time_ms) IS NOT NULL THEN time_ms
    END AS from_ms,
    lead(time_ms) OVER (PARTITION BY channel_id ORDER BY time_ms) AS until_ms
FROM (
    SELECT
        channel_id, business_hours, time_ms,
        row_number() OVER (
            PARTITION BY channel_id, time_ms ORDER BY sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type = 'channel.saved'
) AS saved
WHERE newest = 1
