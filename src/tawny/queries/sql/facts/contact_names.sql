-- Identifiers of the contacts of the conversations in scope, as they are now: the last
-- contact.saved of each, as a whole. Most were saved once; only the others are put in order.
WITH saved AS (
    SELECT
        /* evidence */ event,
        contact_id, medium, primary_identifier, secondary_identifier, time_ms, sequence, source, id
    FROM contact_events
    WHERE type = 'contact.saved'
        AND contact_id IN (SELECT contact_id FROM conversations)
),

repeated AS (
    SELECT contact_id FROM saved GROUP BY contact_id HAVING count(*) > 1
)

SELECT
    /* evidence */ event,
    contact_id, medium,
    /* identifier | Contact Primary Identifier
       Main identifier of the contact (for example an e-mail address or a handle), as last saved
       up to the as-of instant; empty if the contact was never saved. */
    primary_identifier,
    /* identifier | Contact Secondary Identifier
       Second identifier of the contact, as last saved up to the as-of instant; empty if the
       contact was never saved or its last save carries none. */
    secondary_identifier
FROM saved
WHERE contact_id NOT IN (SELECT contact_id FROM repeated)
UNION ALL
SELECT
    /* evidence */ event,
    contact_id, medium, primary_identifier, secondary_identifier
FROM (
    SELECT
        /* evidence */ event,
        contact_id, medium, primary_identifier, secondary_identifier,
        row_number() OVER (
            PARTITION BY contact_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM saved
    WHERE contact_id IN (SELECT contact_id FROM repeated)
) AS ranked
WHERE newest = 1
