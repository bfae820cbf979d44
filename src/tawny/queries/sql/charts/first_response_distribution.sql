-- How many first responses took less than a time, and at least the one before it.
SELECT
    count(CASE WHEN first_response_time < 60 THEN 1 END) AS under_1_min,
    count(CASE WHEN first_response_time >= 60 AND first_response_time < 300 THEN 1 END)
        AS under_5_min,
    count(CASE WHEN first_response_time >= 300 AND first_response_time < 900 THEN 1 END)
        AS under_15_min,
    count(CASE WHEN first_response_time >= 900 AND first_response_time < 3600 THEN 1 END)
        AS under_1_h,
    count(CASE WHEN first_response_time >= 3600 AND first_response_time < 14400 THEN 1 END)
        AS under_4_h,
    count(CASE WHEN first_response_time >= 14400 AND first_response_time < 86400 THEN 1 END)
        AS under_1_d,
    count(CASE WHEN first_response_time >= 86400 THEN 1 END) AS longer
FROM export_rows
