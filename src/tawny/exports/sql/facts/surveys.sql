-- Surveys of the conversations in scope. A survey is returned at its first answer, with the score
-- of the last one, and credited to whoever made the last human resolve before it was sent (before
-- its first answer if it was never sent).
WITH marked AS (
    SELECT
        conversation_id, survey_id,
        min(position) AS first_position,
        min(CASE WHEN kind = 'csat.sent' THEN position END) AS sent_position,
        min(CASE WHEN kind = 'csat.answered' THEN position END) AS answered_position,
        max(CASE WHEN kind = 'csat.answered' THEN position END) AS last_answer_position,
        max(CASE WHEN kind = 'csat.expired' THEN 1 ELSE 0 END) = 1 AS is_expired
    FROM timeline
    WHERE survey_id IS NOT NULL
    GROUP BY conversation_id, survey_id
),

credited AS (
    SELECT marked.conversation_id, marked.survey_id, max(resolve.position) AS position
    FROM marked
    INNER JOIN timeline AS resolve
        ON resolve.conversation_id = marked.conversation_id
        AND resolve.kind = 'resolved'
        AND resolve.cause IN ('agent', 'bulk')
        AND resolve.position < coalesce(marked.sent_position, marked.answered_position)
    GROUP BY marked.conversation_id, marked.survey_id
)

SELECT
    marked.conversation_id, marked.survey_id, marked.first_position,
    answer.time_ms AS returned_ms,
    last_answer.score, last_answer.follow_up_question, last_answer.follow_up_response,
    CASE
        WHEN last_answer.follow_up_response IS NOT NULL AND last_answer.follow_up_response <> ''
            THEN 'completed'
        WHEN marked.answered_position IS NOT NULL THEN 'scored'
        WHEN marked.is_expired THEN 'timed_out'
        ELSE 'sent'
    END AS state,
    resolve.agent_id AS credited_agent_id,
    resolve.team_id AS credited_team_id
FROM marked
LEFT JOIN timeline AS answer
    ON answer.conversation_id = marked.conversation_id
    AND answer.position = marked.answered_position
LEFT JOIN timeline AS last_answer
    ON last_answer.conversation_id = marked.conversation_id
    AND last_answer.position = marked.last_answer_position
LEFT JOIN credited
    ON credited.conversation_id = marked.conversation_id
    AND credited.survey_id = marked.survey_id
LEFT JOIN timeline AS resolve
    ON resolve.conversation_id = credited.conversation_id
    AND resolve.position = credited.position
