-- The events that cells of an agent or a team hang on, by rule and part.
-- of: users, teams
-- facts: teams, presence_in_range
-- row: user_id, team_id
-- name: user_name, user_email, user_reference, team_name
-- first_reply: created_at
-- replies: replies = count
-- contacts: contacts_helped = count
-- with_response: resolves_with_response = count
-- without_response: resolves_without_response = count
-- first_response: average_first_response_time = mean
-- resolution: average_resolution_time = mean
-- handle: handle_time = sum of locks
-- no_response: no_response_time = sum of locks
-- cherry_picking: cherry_picking_time = sum of locks
-- handle_ended: average_handle_time = mean of locks
-- available: available_time = sum of presence
-- away: away_time = sum of presence
-- busy available: utilization = share of locks
-- csat_1: csat_score_1 = count
-- csat_2: csat_score_2 = count
-- csat_3: csat_score_3 = count
-- csat_4: csat_score_4 = count
-- csat_5: csat_score_5 = count
-- tag: tags_added = count
-- topic: topics_added = count
WITH owned AS (
    SELECT
        work_items.event, work_items.earlier_event, work_items.what, work_items.conversation_id,
        work_items.contact_id, work_items.amount, work_items.has_response
    FROM asked
    INNER JOIN work_items
        ON work_items.agent_id = asked.user_id OR work_items.team_id = asked.team_id
),

present AS (
    SELECT
        presence_in_range.presence, presence_in_range.start_event, presence_in_range.end_event,
        presence_in_range.end_ms,
        greatest(presence_in_range.start_ms, $from_ms) AS start_ms,
        least(presence_in_range.until_ms, $to_ms) AS until_ms
    FROM asked
    INNER JOIN presence_in_range ON presence_in_range.agent_id = asked.user_id
),

judged AS (
    SELECT
        conversation_id, bool_or(has_response) AS has_response, max(event) AS event,
        max(earlier_event) AS earlier_event
    FROM owned
    WHERE what = 'resolve'
    GROUP BY conversation_id
),

first_waits AS (
    SELECT
        first_responses.inbound_event, first_responses.handover_event, first_responses.hours_event,
        first_responses.response_ms < first_responses.end_ms - first_responses.start_ms AS is_cut,
        owned.event, owned.amount
    FROM owned
    INNER JOIN first_responses ON first_responses.reply_event = owned.event
    WHERE owned.what = 'first_response'
),

returned AS (
    SELECT
        surveys.first_event, surveys.sent_event, surveys.answer_event, surveys.last_answer_event,
        surveys.credited_event, surveys.score
    FROM owned
    INNER JOIN surveys ON surveys.answer_event = owned.event
    WHERE owned.what = 'survey'
),

scores AS (
    SELECT 'csat_1' AS rule, 1 AS score
    UNION ALL
    SELECT 'csat_2' AS rule, 2 AS score
    UNION ALL
    SELECT 'csat_3' AS rule, 3 AS score
    UNION ALL
    SELECT 'csat_4' AS rule, 4 AS score
    UNION ALL
    SELECT 'csat_5' AS rule, 5 AS score
),

worked AS (
    SELECT
        lock_sessions.lock_event,
        sum(
            least(lock_sessions.end_ms, present.until_ms)
            - greatest(lock_sessions.start_ms, present.start_ms)
        ) AS amount
    FROM asked
    INNER JOIN lock_sessions ON lock_sessions.agent_id = asked.user_id
    INNER JOIN present
        ON present.presence = 'available'
        AND present.start_ms < lock_sessions.end_ms
        AND present.until_ms > lock_sessions.start_ms
    WHERE lock_sessions.kind IN ('handle', 'no_response')
        AND lock_sessions.end_ms > lock_sessions.start_ms
    GROUP BY lock_sessions.lock_event
)

SELECT 'row' AS rule, what AS part, min(event) AS event, CAST(NULL AS BIGINT) AS amount
FROM owned
GROUP BY what
UNION ALL
SELECT 'makes_row' AS rule, what AS part, event, CAST(NULL AS BIGINT) AS amount
FROM owned
WHERE what IN ('reply', 'resolve', 'tag.applied', 'topic.applied')
UNION ALL
SELECT 'row' AS rule, 'survey' AS part, pieces.event, CAST(NULL AS BIGINT) AS amount
FROM (
    SELECT answer_event, first_event AS event
    FROM returned
    UNION ALL
    SELECT answer_event, sent_event AS event
    FROM returned
    UNION ALL
    SELECT answer_event, last_answer_event AS event
    FROM returned
    UNION ALL
    SELECT answer_event, credited_event AS event
    FROM returned
) AS pieces
WHERE pieces.answer_event IN (SELECT min(answer_event) FROM returned)
UNION ALL
SELECT 'row' AS rule, 'presence' AS part, min(start_event) AS event, CAST(NULL AS BIGINT) AS amount
FROM present
UNION ALL
SELECT 'name' AS rule, 'saved' AS part, agents.event, CAST(NULL AS BIGINT) AS amount
FROM asked
INNER JOIN agents ON agents.agent_id = asked.user_id
UNION ALL
SELECT 'name' AS rule, 'saved' AS part, teams.event, CAST(NULL AS BIGINT) AS amount
FROM asked
INNER JOIN teams ON teams.team_id = asked.team_id
UNION ALL
SELECT 'first_reply' AS rule, 'first' AS part, min(event) AS event, CAST(NULL AS BIGINT) AS amount
FROM owned
WHERE what = 'reply'
UNION ALL
SELECT 'replies' AS rule, 'counted' AS part, event, 1 AS amount
FROM owned
WHERE what = 'reply'
UNION ALL
SELECT 'contacts' AS rule, 'contact' AS part, min(event) AS event, 1 AS amount
FROM owned
WHERE what = 'reply'
GROUP BY contact_id
UNION ALL
SELECT
    CASE WHEN has_response THEN 'with_response' ELSE 'without_response' END AS rule,
    'last_resolve' AS part, event, 1 AS amount
FROM judged
UNION ALL
SELECT
    'with_response' AS rule, 'reply_before' AS part, earlier_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM judged
WHERE has_response
UNION ALL
SELECT
    'first_response' AS rule,
    CASE WHEN handover_event IS NULL THEN 'starts' ELSE 'first_inbound' END AS part,
    inbound_event AS event, CAST(NULL AS BIGINT) AS amount
FROM first_waits
UNION ALL
SELECT
    'first_response' AS rule, 'starts' AS part, handover_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM first_waits
UNION ALL
SELECT
    'first_response' AS rule, CASE WHEN is_cut THEN 'hours' ELSE 'open_hours' END AS part,
    hours_event AS event, CAST(NULL AS BIGINT) AS amount
FROM first_waits
UNION ALL
SELECT 'first_response' AS rule, 'ends' AS part, event, amount
FROM first_waits
UNION ALL
SELECT
    'resolution' AS rule, 'starts' AS part, earlier_event AS event, CAST(NULL AS BIGINT) AS amount
FROM owned
WHERE what = 'resolution'
UNION ALL
SELECT 'resolution' AS rule, 'ends' AS part, event, amount
FROM owned
WHERE what = 'resolution'
UNION ALL
SELECT what AS rule, 'session' AS part, event, amount
FROM owned
WHERE what IN ('handle', 'no_response', 'cherry_picking', 'handle_ended')
UNION ALL
SELECT presence AS rule, 'interval' AS part, start_event AS event, until_ms - start_ms AS amount
FROM present
UNION ALL
SELECT presence AS rule, 'ends' AS part, end_event AS event, CAST(NULL AS BIGINT) AS amount
FROM present
WHERE end_ms < $to_ms
UNION ALL
SELECT 'busy' AS rule, 'busy' AS part, lock_event AS event, CAST(amount AS BIGINT) AS amount
FROM worked
UNION ALL
SELECT scores.rule, 'answered' AS part, returned.answer_event AS event, 1 AS amount
FROM scores
INNER JOIN returned ON returned.score = scores.score
UNION ALL
SELECT scores.rule, 'last_answer' AS part, returned.last_answer_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM scores
INNER JOIN returned ON returned.score = scores.score
WHERE returned.last_answer_event <> returned.answer_event
UNION ALL
SELECT scores.rule, 'survey' AS part, returned.first_event AS event, CAST(NULL AS BIGINT) AS amount
FROM scores
INNER JOIN returned ON returned.score = scores.score
UNION ALL
SELECT scores.rule, 'sent' AS part, returned.sent_event AS event, CAST(NULL AS BIGINT) AS amount
FROM scores
INNER JOIN returned ON returned.score = scores.score
UNION ALL
SELECT scores.rule, 'credited' AS part, returned.credited_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM scores
INNER JOIN returned ON returned.score = scores.score
UNION ALL
SELECT
    CASE what WHEN 'tag.applied' THEN 'tag' WHEN 'topic.applied' THEN 'topic' END AS rule,
    'counted' AS part, event, 1 AS amount
FROM owned
WHERE what IN ('tag.applied', 'topic.applied')
