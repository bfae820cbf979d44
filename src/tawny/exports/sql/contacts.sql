-- One row per contact with a message in the range, by Created at (the first inbound one).
WITH scope AS (
    SELECT DISTINCT conversation_id
    FROM message_events_in_range
    WHERE type = 'message.created'
),

written AS (
    SELECT
        conversations.contact_id, conversations.channel_id, scope_messages.conversation_id,
        scope_messages.direction, scope_messages.time_ms,
        row_number() OVER (
            PARTITION BY conversations.contact_id
            ORDER BY scope_messages.time_ms, scope_messages.sequence, scope_messages.source,
                scope_messages.id
        ) AS nth
    FROM scope_messages
    INNER JOIN conversations
        ON conversations.conversation_id = scope_messages.conversation_id
    WHERE scope_messages.time_ms >= $from_ms AND scope_messages.time_ms < $to_ms
),

totals AS (
    SELECT
        contact_id,
        min(CASE WHEN direction = 'inbound' THEN time_ms END) AS first_inbound_ms,
        count(DISTINCT conversation_id) AS conversations,
        sum(CASE WHEN direction = 'inbound' THEN 1 ELSE 0 END) AS inbound_messages,
        sum(CASE WHEN direction = 'outbound' THEN 1 ELSE 0 END) AS outbound_messages
    FROM written
    GROUP BY contact_id
),

changes AS (
    SELECT contact_id, max(time_ms) AS last_updated_ms
    FROM contact_events
    WHERE contact_id IN (SELECT contact_id FROM totals)
    GROUP BY contact_id
)

SELECT
    totals.contact_id AS contact_profile_id, -- id | Contact Profile ID | ID de profil du contact | ID de profil de contact | TODO-EN | TODO-FR
    coalesce(contact_names.medium, channels.medium) AS medium, -- enum | Medium | Média | Moyen | TODO-EN | TODO-FR
    contact_names.primary_identifier AS primary_identifier, -- text | Primary Identifier | Identifiant principal | Identificateur principal | TODO-EN | TODO-FR
    contact_names.secondary_identifier AS secondary_identifier, -- text | Secondary Identifier | Identifiant secondaire | Identificateur secondaire | TODO-EN | TODO-FR
    totals.first_inbound_ms AS created_at, -- timestamp | Created at | Premier message le | Créé à | TODO-EN | TODO-FR
    totals.conversations AS conversations, -- integer conversations | Number of Conversations | Nombre de conversations | Nombre de conversations | TODO-EN | TODO-FR
    totals.inbound_messages AS inbound_messages, -- integer messages | Number of Inbound Messages | Nombre de messages entrants | Nombre de messages entrants | TODO-EN | TODO-FR
    totals.outbound_messages AS outbound_messages, -- integer messages | Number of Outbound Messages | Nombre de messages sortants | Nombre de messages sortants | TODO-EN | TODO-FR
    changes.last_updated_ms AS last_updated -- timestamp | Last Updated | Dernière mise à jour | Dernière mise à jour | TODO-EN | TODO-FR
FROM totals
INNER JOIN written ON written.contact_id = totals.contact_id AND written.nth = 1
LEFT JOIN contact_names ON contact_names.contact_id = totals.contact_id
LEFT JOIN channels ON channels.channel_id = written.channel_id
LEFT JOIN changes ON changes.contact_id = totals.contact_id
ORDER BY totals.first_inbound_ms NULLS LAST, totals.contact_id
