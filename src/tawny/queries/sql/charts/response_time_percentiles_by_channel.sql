-- The response times that half and nine in ten of the responses of each channel do not exceed, in
-- seconds, most responses first.
WITH named AS (
    SELECT
        CASE WHEN sender_channel_display_name <> '' THEN sender_channel_display_name
            ELSE coalesce(sender_channel, '') END
            AS channel,
        agent_response_time AS response_time
    FROM export_rows
    WHERE agent_response_time IS NOT NULL
),

ranked AS (
    SELECT
        channel,
        response_time,
        row_number() OVER (PARTITION BY channel ORDER BY response_time) AS place,
        count(*) OVER (PARTITION BY channel) AS responses
    FROM named
)

SELECT
    channel,
    max(CASE WHEN place = (responses * 50 + 99) // 100 THEN response_time END) AS half,
    max(CASE WHEN place = (responses * 90 + 99) // 100 THEN response_time END) AS most
FROM ranked
GROUP BY channel
ORDER BY count(*) DESC, channel
