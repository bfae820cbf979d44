-- How many conversations were resolved on each local day, by channel, agent and team; a name is
-- empty where there is none.
SELECT
    resolved_at_day AS day,
    CASE WHEN channel_display_name <> '' THEN channel_display_name ELSE coalesce(channel, '') END
        AS channel,
    CASE WHEN resolved_agent_name <> '' THEN resolved_agent_name
        ELSE coalesce(resolved_agent_id, '') END AS agent,
    CASE WHEN last_status_change_team_name <> '' THEN last_status_change_team_name
        ELSE coalesce(last_status_change_team_id, '') END AS team,
    count(*) AS conversations
FROM export_rows
GROUP BY
    resolved_at_day, channel_display_name, channel, resolved_agent_name, resolved_agent_id,
    last_status_change_team_name, last_status_change_team_id
