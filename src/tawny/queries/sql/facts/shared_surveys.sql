-- Surveys whose events name more than one conversation, with all of these conversations. A survey
-- is one thing whatever its events name, so who looks at one of these looks at the others too.
SELECT DISTINCT survey_id, conversation_id
FROM survey_events
WHERE type IN ('csat.sent', 'csat.answered', 'csat.expired')
    AND survey_id IN (SELECT survey_id FROM shared_survey_ids)
