-- How many conversations were resolved on each local day; a day without any is not there.
SELECT
    resolved_at_day AS day,
    count(*) AS conversations
FROM export_rows
GROUP BY resolved_at_day
