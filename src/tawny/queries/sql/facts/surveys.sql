-- Surveys of the conversations in scope. A survey belongs to the conversation that the first of its
-- events names. It is returned at its first answer, with the score of the last one, and credited to
-- whoever made the last human resolve before it was sent (before its first answer if it was never
-- sent). `nth` is its place among the surveys of its conversation.
WITH events AS (
    SELECT
        /* evidence */ event,
        survey_id, conversation_id, type, score, follow_up_question, follow_up_response, time_ms,
        sequence, source, id,
        row_number() OVER (
            PARTITION BY survey_id ORDER BY time_ms, sequence, source, id
        ) AS position
    FROM survey_events_in_scope
    WHERE type IN ('csat.sent', 'csat.answered', 'csat.expired')
        AND conversation_id IN (SELECT conversation_id FROM conversations)
),

marked AS (
    SELECT
        /* evidence */ min(event) AS first_event,
        /* evidence */ min(CASE WHEN type = 'csat.sent' THEN event END) AS sent_event,
        /* evidence */ min(CASE WHEN type = 'csat.expired' THEN event END) AS expired_event,
        survey_id,
        min(CASE WHEN type = 'csat.sent' THEN position END) AS sent_position,
        min(CASE WHEN type = 'csat.answered' THEN position END) AS answered_position,
        max(CASE WHEN type = 'csat.answered' THEN position END) AS last_answer_position,
        max(CASE WHEN type = 'csat.expired' THEN 1 END) IS NOT NULL AS is_expired
    FROM events
    GROUP BY survey_id
),

resolves AS (
    SELECT
        /* evidence */ event,
        conversation_id, agent_id, team_id, time_ms, sequence, source, id
    FROM scope_changes
    WHERE type = 'conversation.status_changed'
        AND status = 'resolved'
        AND cause IN ('agent', 'bulk')
),

credited AS (
    SELECT
        /* evidence */ resolves.event,
        marked.survey_id, resolves.agent_id, resolves.team_id,
        row_number() OVER (
            PARTITION BY marked.survey_id
            ORDER BY resolves.time_ms DESC, resolves.sequence DESC, resolves.source DESC,
                resolves.id DESC
        ) AS newest
    FROM marked
    INNER JOIN events AS first
        ON first.survey_id = marked.survey_id AND first.position = 1
    INNER JOIN events AS mark
        ON mark.survey_id = marked.survey_id
        AND mark.position = coalesce(marked.sent_position, marked.answered_position)
    INNER JOIN resolves
        ON resolves.conversation_id = first.conversation_id
        AND (resolves.time_ms, resolves.sequence, resolves.source, resolves.id)
            < (mark.time_ms, mark.sequence, mark.source, mark.id)
)

SELECT
    /* evidence */ marked.first_event, marked.sent_event, marked.expired_event,
    /* evidence */ answer.event AS answer_event, last_answer.event AS last_answer_event,
    /* evidence */ credited.event AS credited_event,
    first.conversation_id, marked.survey_id,
    row_number() OVER (
        PARTITION BY first.conversation_id
        ORDER BY first.time_ms, first.sequence, first.source, first.id
    ) AS nth,
    answer.time_ms AS returned_ms,
    last_answer.score, last_answer.follow_up_question, last_answer.follow_up_response,
    CASE
        WHEN last_answer.follow_up_response IS NOT NULL AND last_answer.follow_up_response <> ''
            THEN 'completed'
        WHEN marked.answered_position IS NOT NULL THEN 'scored'
        WHEN marked.is_expired THEN 'timed_out'
        ELSE 'sent'
    END AS state,
    credited.agent_id AS credited_agent_id,
    credited.team_id AS credited_team_id
FROM marked
INNER JOIN events AS first
    ON first.survey_id = marked.survey_id AND first.position = 1
LEFT JOIN events AS answer
    ON answer.survey_id = marked.survey_id AND answer.position = marked.answered_position
LEFT JOIN events AS last_answer
    ON last_answer.survey_id = marked.survey_id
    AND last_answer.position = marked.last_answer_position
LEFT JOIN credited ON credited.survey_id = marked.survey_id AND credited.newest = 1
