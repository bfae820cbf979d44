-- The median of First Response Time, in seconds, and of how many conversations it is.
WITH ranked AS (
    SELECT
        first_response_time,
        row_number() OVER (ORDER BY first_response_time) - 1 AS place,
        count(*) OVER () - 1 AS last_place
    FROM export_rows
    WHERE first_response_time IS NOT NULL
)
SELECT
    -- The nearer a place to the middle, the more it counts: one counts whole, or two by half.
    CAST(
        sum(
            first_response_time
            * greatest(0, 2 - greatest(2 * place - last_place, last_place - 2 * place))
        ) AS DOUBLE
    ) / 2 AS half_s,
    count(*) AS measured
FROM ranked
