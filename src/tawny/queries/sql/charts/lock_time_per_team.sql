-- Lock time of each team by kind, in seconds, most first; of those where it is measured.
SELECT
    CASE WHEN team_name <> '' THEN team_name ELSE team_id END AS team,
    handle_time,
    no_response_time,
    cherry_picking_time
FROM export_rows
WHERE handle_time IS NOT NULL
ORDER BY handle_time + no_response_time + cherry_picking_time DESC, team_id
