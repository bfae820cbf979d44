-- Identifiers of the contacts of the conversations in scope, as they are now.
SELECT contact_id, medium, primary_identifier, secondary_identifier
FROM (
    SELECT
        contact_id, medium, primary_identifier, secondary_identifier,
        row_number() OVER (
            PARTITION BY contact_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM contact_events
    WHERE type = 'contact.saved'
        AND contact_id IN (SELECT contact_id FROM conversations)
) AS saved
WHERE newest = 1
