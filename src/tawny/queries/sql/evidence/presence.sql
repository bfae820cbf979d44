-- The events that cells of an interval of presence hang on, by rule and part.
-- of: user-presence
-- row: user_id, presence, away_state, from
-- name: user_name, user_email
-- end: to
-- end length: duration = sum
WITH explained AS (
    SELECT
        presence_in_range.agent_id, presence_in_range.start_event, presence_in_range.end_event,
        presence_in_range.start_ms, presence_in_range.until_ms, presence_in_range.n
    FROM asked
    INNER JOIN presence_in_range
        ON presence_in_range.agent_id = asked.user_id
        AND presence_in_range.start_ms = asked.from_ms
        AND presence_in_range.n = asked.n
)

SELECT 'row' AS rule, 'starts' AS part, start_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT 'row' AS rule, 'same_instant' AS part, presence_events.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN presence_events
    ON presence_events.agent_id = explained.agent_id
    AND presence_events.time_ms = explained.start_ms
    AND presence_events.event < explained.start_event
WHERE explained.n > 1 AND presence_events.type = 'presence.changed'
UNION ALL
SELECT 'name' AS rule, 'saved' AS part, agents.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN agents ON agents.agent_id = explained.agent_id
UNION ALL
SELECT 'end' AS rule, 'ends' AS part, end_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT 'length' AS rule, 'starts' AS part, start_event AS event, until_ms - start_ms AS amount
FROM explained
