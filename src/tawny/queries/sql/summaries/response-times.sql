-- The response times that half and nine tenths of all responses do not exceed, in seconds; between
-- two of them in proportion.
WITH ranked AS (
    SELECT
        agent_response_time,
        row_number() OVER (ORDER BY agent_response_time) - 1 AS place,
        count(*) OVER () - 1 AS last_place
    FROM export_rows
    WHERE agent_response_time IS NOT NULL
)
SELECT
    CAST(
        sum(
            agent_response_time
            * greatest(0, 2 - greatest(2 * place - last_place, last_place - 2 * place))
        ) AS DOUBLE
    ) / 2 AS half_s,
    CAST(
        sum(
            agent_response_time
            * greatest(0, 10 - greatest(10 * place - 9 * last_place, 9 * last_place - 10 * place))
        ) AS DOUBLE
    ) / 10 AS most_s
FROM ranked
