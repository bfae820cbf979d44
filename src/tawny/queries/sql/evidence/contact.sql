-- The events that cells of a contact hang on, by rule and part.
-- of: contacts
-- row: contact_profile_id
-- medium: medium
-- contact: primary_identifier, secondary_identifier
-- first_inbound: created_at
-- conversations: conversations = count
-- inbound: inbound_messages = count
-- outbound: outbound_messages = count
-- changes: last_updated
WITH explained AS (
    SELECT
        written.event, written.contact_id, written.conversation_id, written.channel_id,
        written.direction, written.nth
    FROM asked
    INNER JOIN written ON written.contact_id = asked.contact_profile_id
),

saved AS (
    SELECT contact_names.event, contact_names.medium
    FROM asked
    INNER JOIN contact_names ON contact_names.contact_id = asked.contact_profile_id
)

SELECT 'row' AS rule, 'row' AS part, event, CAST(NULL AS BIGINT) AS amount
FROM explained
WHERE nth = 1
UNION ALL
SELECT 'medium' AS rule, 'saved' AS part, event, CAST(NULL AS BIGINT) AS amount
FROM saved
WHERE medium IS NOT NULL
UNION ALL
SELECT 'medium' AS rule, 'saved' AS part, channels.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN channels ON channels.channel_id = explained.channel_id
WHERE explained.nth = 1
    AND explained.contact_id NOT IN (
        SELECT contact_id FROM contact_names WHERE medium IS NOT NULL
    )
UNION ALL
SELECT 'contact' AS rule, 'saved' AS part, event, CAST(NULL AS BIGINT) AS amount
FROM saved
UNION ALL
SELECT 'first_inbound' AS rule, 'first' AS part, min(event) AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
WHERE direction = 'inbound'
UNION ALL
SELECT 'conversations' AS rule, 'conversation' AS part, min(event) AS event, 1 AS amount
FROM explained
GROUP BY conversation_id
UNION ALL
SELECT direction AS rule, 'counted' AS part, event, 1 AS amount
FROM explained
UNION ALL
SELECT 'changes' AS rule, 'last_event' AS part, changes.event, CAST(NULL AS BIGINT) AS amount
FROM asked
INNER JOIN changes ON changes.contact_id = asked.contact_profile_id
