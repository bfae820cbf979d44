-- What came of an identity as a whole: its two numbers, and how often it is broken.
SELECT
    coalesce(sum(compared_left), 0) AS compared_left,
    coalesce(sum(compared_right), 0) AS compared_right,
    coalesce(sum(broken), 0) AS broken
FROM compared_rows
