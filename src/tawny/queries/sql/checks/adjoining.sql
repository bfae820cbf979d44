-- The rows of adjoining ranges, cell by cell, are those of the whole, and none comes twice.
WITH counted AS (
    SELECT row_key, row_hash, 1 AS is_whole, 0 AS is_part FROM whole_rows
    UNION ALL
    SELECT row_key, row_hash, 0 AS is_whole, 1 AS is_part FROM part_rows
),

compared AS (
    SELECT row_key, row_hash, sum(is_whole) AS in_whole, sum(is_part) AS in_parts
    FROM counted
    GROUP BY row_key, row_hash
)

SELECT
    row_key,
    sum(in_parts) AS compared_left,
    sum(in_whole) AS compared_right,
    sum(greatest(in_whole - in_parts, in_parts - in_whole)) + greatest(sum(in_parts) - 1, 0)
        AS broken
FROM compared
GROUP BY row_key
