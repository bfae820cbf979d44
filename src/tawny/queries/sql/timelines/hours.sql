-- The business hours that the channel of a timeline had over time; none = always open.
SELECT channel_versions.from_ms, channel_versions.until_ms, channel_versions.business_hours
FROM channel_versions
INNER JOIN conversations ON conversations.channel_id = channel_versions.channel_id
ORDER BY channel_versions.from_ms NULLS FIRST
