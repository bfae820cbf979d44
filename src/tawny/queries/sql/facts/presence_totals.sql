-- Available and away time of each agent, cut to the range.
SELECT
    agent_id,
    CAST(
        sum(
            CASE
                WHEN presence = 'available'
                    THEN least(until_ms, $to_ms) - greatest(start_ms, $from_ms)
                ELSE 0
            END
        ) AS BIGINT
    ) AS available_ms,
    CAST(
        sum(
            CASE
                WHEN presence = 'away'
                    THEN least(until_ms, $to_ms) - greatest(start_ms, $from_ms)
                ELSE 0
            END
        ) AS BIGINT
    ) AS away_ms
FROM presence_in_range
GROUP BY agent_id
