-- The largest watermark of each sender, for each channel that it names and for all of its channels
-- (null) where it names none; when it last stated one; and how far its watermark usually goes on at
-- once (the 99th percentile), of those stated since an instant.
WITH stated AS (
    SELECT
        source, epoch_ms(until) AS until_ms, time_ms,
        unnest(coalesce(channels, [CAST(NULL AS VARCHAR)])) AS channel_id
    FROM watermark_events
    WHERE type = 'source.watermark'
),

steps AS (
    SELECT
        source, channel_id, until_ms, time_ms,
        until_ms - lag(until_ms) OVER (PARTITION BY source, channel_id ORDER BY until_ms) AS step_ms
    FROM stated
)

SELECT
    source, channel_id, max(until_ms) AS until_ms, max(time_ms) AS last_ms,
    quantile_disc(step_ms, 0.99) FILTER (WHERE step_ms > 0 AND time_ms >= $since_ms) AS step_ms
FROM steps
GROUP BY source, channel_id
