-- How many conversations are open, by their age: under a day, under seven, longer.
SELECT
    count(CASE WHEN created_at > $as_of_ms - 86400000 THEN 1 END) AS open_under_1_day,
    count(
        CASE
            WHEN created_at <= $as_of_ms - 86400000 AND created_at > $as_of_ms - 604800000 THEN 1
        END
    ) AS open_under_7_days,
    count(CASE WHEN created_at <= $as_of_ms - 604800000 THEN 1 END) AS open_longer
FROM export_rows
