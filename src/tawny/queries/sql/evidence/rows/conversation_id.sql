-- The conversations that the row of a conversation is made from: those that share a survey with it
-- too.
SELECT conversation_id
FROM asked
UNION
SELECT conversation_id
FROM survey_events
WHERE type IN ('csat.sent', 'csat.answered', 'csat.expired')
    AND survey_id IN (
        SELECT own.survey_id
        FROM survey_events AS own
        INNER JOIN asked ON asked.conversation_id = own.conversation_id
        WHERE own.type IN ('csat.sent', 'csat.answered', 'csat.expired')
    )
