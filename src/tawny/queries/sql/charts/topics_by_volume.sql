-- How many conversations had each topic in the range, and how many still have it; most first.
SELECT
    CASE WHEN max(topic_name) <> '' THEN max(topic_name) ELSE topic_id END AS topic,
    sum(total_conversations) AS total,
    sum(current_conversations) AS current
FROM export_rows
GROUP BY topic_id
ORDER BY sum(total_conversations) DESC, topic_id
