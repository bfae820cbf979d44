-- What the conversations that were resolved in a period come to: how many, the first response times
-- that half and nine tenths of them do not exceed (in seconds; between two of them in proportion),
-- the average of their answered surveys, how many a virtual agent resolved.
WITH chosen AS (
    SELECT first_response_time, csat_score, resolved_by
    FROM export_rows
    WHERE resolved_at >= $from_ms AND resolved_at < $to_ms
),

ranked AS (
    SELECT
        first_response_time,
        row_number() OVER (ORDER BY first_response_time) - 1 AS place,
        count(*) OVER () - 1 AS last_place
    FROM chosen
    WHERE first_response_time IS NOT NULL
),

times AS (
    SELECT
        count(*) AS measured,
        CAST(
            sum(
                first_response_time
                * greatest(0, 2 - greatest(2 * place - last_place, last_place - 2 * place))
            ) AS DOUBLE
        ) / 2 AS half_s,
        CAST(
            sum(
                first_response_time
                * greatest(
                    0, 10 - greatest(10 * place - 9 * last_place, 9 * last_place - 10 * place)
                )
            ) AS DOUBLE
        ) / 10 AS most_s
    FROM ranked
),

counted AS (
    SELECT
        count(*) AS resolved,
        count(csat_score) AS scores,
        CAST(sum(csat_score) AS DOUBLE) / count(csat_score) AS score,
        count(CASE WHEN resolved_by = 'virtual_agent' THEN 1 END) AS by_virtual_agents
    FROM chosen
)

SELECT
    counted.resolved, times.measured, times.half_s, times.most_s, counted.scores, counted.score,
    counted.by_virtual_agents
FROM counted
CROSS JOIN times
