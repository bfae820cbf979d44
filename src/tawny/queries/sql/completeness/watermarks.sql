-- The largest watermark of each sender, for each channel that it names and for all of its channels
-- (null) where it names none; when it last stated one; and how far its watermark usually goes on at
-- once (the 99th percentile, nearest rank), of those stated since an instant.
WITH steps AS (
    SELECT
        source, channel_id, until_ms, time_ms,
        until_ms - lag(until_ms) OVER (PARTITION BY source, channel_id ORDER BY until_ms) AS step_ms
    FROM stated_watermarks
),

judged AS (
    SELECT
        source, channel_id, until_ms, time_ms, step_ms,
        coalesce(step_ms > 0 AND time_ms >= $from_ms, FALSE) AS is_judged
    FROM steps
),

ranked AS (
    SELECT
        source, channel_id, until_ms, time_ms, step_ms, is_judged,
        row_number() OVER (PARTITION BY source, channel_id, is_judged ORDER BY step_ms) AS nth,
        count(*) OVER (PARTITION BY source, channel_id, is_judged) AS steps
    FROM judged
)

SELECT
    source, channel_id, max(until_ms) AS until_ms, max(time_ms) AS last_ms,
    max(CASE WHEN is_judged AND nth = (99 * steps + 99) // 100 THEN step_ms END) AS step_ms
FROM ranked
GROUP BY source, channel_id
