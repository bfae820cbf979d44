-- When agents were present between two instants, cut to these.
SELECT
    CASE WHEN user_name <> '' THEN user_name ELSE user_id END AS agent,
    presence,
    greatest("from", $from_ms) AS start_ms,
    least(coalesce("to", $to_ms), $to_ms) AS end_ms
FROM export_rows
WHERE "from" < $to_ms AND coalesce("to", $to_ms) > $from_ms
ORDER BY CASE WHEN user_name <> '' THEN user_name ELSE user_id END, "from"
