-- How many messages had each tag in the range, and how many still have it; most first.
SELECT
    CASE WHEN max(tag_name) <> '' THEN max(tag_name) ELSE tag_id END AS tag,
    sum(total_messages) AS total,
    sum(current_messages) AS current
FROM export_rows
GROUP BY tag_id
ORDER BY sum(total_messages) DESC, tag_id
