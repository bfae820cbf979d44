-- Lock time of each agent by kind, in seconds, most first; of those where it is measured.
SELECT
    CASE WHEN user_name <> '' THEN user_name ELSE user_id END AS agent,
    handle_time,
    no_response_time,
    cherry_picking_time
FROM export_rows
WHERE handle_time IS NOT NULL
ORDER BY handle_time + no_response_time + cherry_picking_time DESC, user_id
