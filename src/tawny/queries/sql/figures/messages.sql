-- How many conversations had a message in a period.
SELECT count(DISTINCT conversation_id) AS conversations
FROM export_rows
WHERE created_at >= $from_ms AND created_at < $to_ms
