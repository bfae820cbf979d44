-- The response times that half, three quarters ... of all responses do not exceed, in seconds: each
-- is one that was measured.
WITH ranked AS (
    SELECT
        agent_response_time AS response_time,
        row_number() OVER (ORDER BY agent_response_time) AS place,
        count(*) OVER () AS responses
    FROM export_rows
    WHERE agent_response_time IS NOT NULL
)
SELECT
    max(CASE WHEN place = (responses * 50 + 99) // 100 THEN response_time END) AS p50,
    max(CASE WHEN place = (responses * 75 + 99) // 100 THEN response_time END) AS p75,
    max(CASE WHEN place = (responses * 90 + 99) // 100 THEN response_time END) AS p90,
    max(CASE WHEN place = (responses * 95 + 99) // 100 THEN response_time END) AS p95,
    max(CASE WHEN place = (responses * 99 + 99) // 100 THEN response_time END) AS p99
FROM ranked
