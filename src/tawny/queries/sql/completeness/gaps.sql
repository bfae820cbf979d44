-- The 99th percentile (nearest rank) of the gaps of each channel that began in one of its hours,
-- and of how many gaps it is. Events of one instant are one, so a gap of no length is none: of
-- several the last one by this order has the gap that follows them.
WITH events AS (
    SELECT recent_channel_events.channel_id, recent_channel_events.time_ms
    FROM recent_channel_events
    INNER JOIN judged_channels
        ON judged_channels.channel_id = recent_channel_events.channel_id
        AND recent_channel_events.time_ms <= judged_channels.newest_ms
),

gaps AS (
    SELECT
        channel_id, time_ms AS start_ms,
        lead(time_ms) OVER (PARTITION BY channel_id ORDER BY time_ms) - time_ms AS gap_ms
    FROM events
),

ranked AS (
    SELECT
        gaps.channel_id, gaps.gap_ms,
        row_number() OVER (PARTITION BY gaps.channel_id ORDER BY gaps.gap_ms) AS nth,
        count(*) OVER (PARTITION BY gaps.channel_id) AS gaps
    FROM gaps
    INNER JOIN same_hours
        ON same_hours.channel_id = gaps.channel_id
        AND gaps.start_ms >= same_hours.from_ms
        AND gaps.start_ms < same_hours.to_ms
    WHERE gaps.gap_ms > 0
)

SELECT channel_id, gap_ms, gaps
FROM ranked
WHERE nth = (99 * gaps + 99) // 100
