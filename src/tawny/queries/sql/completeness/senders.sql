-- When senders last sent an event of a channel.
SELECT source, channel_id, max(time_ms) AS last_ms
FROM recent_channel_events
WHERE source IN (SELECT source FROM stating_senders)
GROUP BY source, channel_id
