-- Utilization is from 0 to 100.
SELECT
    count(CASE WHEN utilization BETWEEN 0 AND 100 THEN 1 END) AS compared_left,
    count(utilization) AS compared_right,
    count(CASE WHEN utilization NOT BETWEEN 0 AND 100 THEN 1 END) AS broken
FROM users_whole
