-- Utilization is from 0 to 100.
SELECT
    user_id AS row_key,
    CASE WHEN utilization BETWEEN 0 AND 100 THEN 1 ELSE 0 END AS compared_left,
    1 AS compared_right,
    CASE WHEN utilization NOT BETWEEN 0 AND 100 THEN 1 ELSE 0 END AS broken
FROM users_whole
WHERE utilization IS NOT NULL
