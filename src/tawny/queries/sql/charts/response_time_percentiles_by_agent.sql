-- The response times that half and nine in ten of the responses of each agent do not exceed, in
-- seconds, most responses first.
WITH named AS (
    SELECT
        CASE WHEN response_agent_name <> '' THEN response_agent_name
            ELSE coalesce(response_agent_id, '') END
            AS agent,
        agent_response_time AS response_time
    FROM export_rows
    WHERE agent_response_time IS NOT NULL
),

ranked AS (
    SELECT
        agent,
        response_time,
        row_number() OVER (PARTITION BY agent ORDER BY response_time) AS place,
        count(*) OVER (PARTITION BY agent) AS responses
    FROM named
)

SELECT
    agent,
    max(CASE WHEN place = (responses * 50 + 99) // 100 THEN response_time END) AS half,
    max(CASE WHEN place = (responses * 90 + 99) // 100 THEN response_time END) AS most
FROM ranked
GROUP BY agent
ORDER BY count(*) DESC, agent
