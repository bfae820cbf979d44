-- The business hours of each channel over time. Of several saves in one millisecond the last by
-- order counts from then on; before the channel was first saved, the first one by order counts.
WITH saved AS (
    SELECT
        /* evidence */ event,
        channel_id, business_hours, time_ms,
        row_number() OVER (
            PARTITION BY channel_id ORDER BY time_ms, sequence, source, id
        ) AS nth,
        row_number() OVER (
            PARTITION BY channel_id, time_ms ORDER BY sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type = 'channel.saved'
)

SELECT
    /* evidence */ event,
    channel_id, business_hours, time_ms AS from_ms,
    lead(time_ms) OVER (PARTITION BY channel_id ORDER BY time_ms) AS until_ms
FROM saved
WHERE newest = 1
UNION ALL
SELECT
    /* evidence */ event,
    channel_id, business_hours, CAST(NULL AS BIGINT) AS from_ms, time_ms AS until_ms
FROM saved
WHERE nth = 1
