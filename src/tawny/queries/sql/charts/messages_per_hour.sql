-- How many messages were created in each hour of a local day, by direction and channel.
SELECT
    created_at_hour AS hour,
    direction,
    coalesce(channel_display_name, '') AS display_name,
    coalesce(channel, '') AS channel,
    coalesce(medium, '') AS medium,
    count(*) AS messages
FROM export_rows
GROUP BY
    created_at_hour, direction, coalesce(channel_display_name, ''), coalesce(channel, ''),
    coalesce(medium, '')
