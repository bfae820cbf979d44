-- How many messages came in and how many went out.
SELECT
    count(CASE WHEN direction = 'inbound' THEN 1 END) AS inbound,
    count(CASE WHEN direction = 'outbound' THEN 1 END) AS outbound
FROM export_rows
