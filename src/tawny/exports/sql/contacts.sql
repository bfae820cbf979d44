-- One row per contact with a message in the range, by Created at (the first inbound one).
-- fr: Une ligne par contact ayant un message dans la plage, triée par Premier message le (le premier message entrant).
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
    totals.contact_id AS contact_profile_id, -- id | Contact Profile ID | ID de profil du contact | ID de profil de contact | Identifies the contact; one row per contact with a message in the range, inbound or outbound. Links to Contact Profile ID in messages, response-times, contact-attributes and both conversation exports. | Identifie le contact ; une ligne par contact ayant un message dans la plage, entrant ou sortant. Renvoie à messages, response-times, contact-attributes et aux deux exports de conversations.
    coalesce(contact_names.medium, channels.medium) AS medium, -- enum | Medium | Média | Moyen | Medium of the contact, as last saved up to the as-of instant; if the contact was never saved, that of the channel of its first message in the range. The list is open. Empty if neither is known. | Média du contact, selon son dernier enregistrement à l'instant d'observation (as_of) ; s'il n'a jamais été enregistré, celui du canal de son premier message de la plage. Liste ouverte. Vide si inconnus.
    contact_names.primary_identifier AS primary_identifier, -- text | Primary Identifier | Identifiant principal | Identificateur principal | Main identifier of the contact (for example an e-mail address or a handle), as last saved up to the as-of instant; empty if the contact was never saved. | Identifiant principal du contact (adresse e-mail, pseudonyme...), selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le contact n'a jamais été enregistré.
    contact_names.secondary_identifier AS secondary_identifier, -- text | Secondary Identifier | Identifiant secondaire | Identificateur secondaire | Second identifier of the contact, as last saved up to the as-of instant; empty if the contact was never saved or its last save carries none. | Second identifiant du contact, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le contact n'a jamais été enregistré ou si cet enregistrement n'en porte pas.
    totals.first_inbound_ms AS created_at, -- timestamp | Created at | Premier message le | Créé à | First inbound message of the contact in the range, not the contact's first ever; empty if the range has only outbound ones. | Premier message entrant du contact dans la plage, non le premier de toujours ; vide si la plage n'a que des messages sortants.
    totals.conversations AS conversations, -- integer conversations | Number of Conversations | Nombre de conversations | Nombre de conversations | Distinct conversations of the contact with at least one message in the range, inbound or outbound, in the requested channels. | Conversations distinctes du contact ayant au moins un message dans la plage, entrant ou sortant, dans les canaux demandés.
    totals.inbound_messages AS inbound_messages, -- integer messages | Number of Inbound Messages | Nombre de messages entrants | Nombre de messages entrants | Messages from the contact created in the range; deleted ones included. 0 if none. | Messages reçus du contact créés dans la plage ; supprimés inclus. 0 s'il n'y en a pas.
    totals.outbound_messages AS outbound_messages, -- integer messages | Number of Outbound Messages | Nombre de messages sortants | Nombre de messages sortants | Messages sent to the contact created in the range, of every outbound type (virtual agents, surveys and proactive ones too); deleted ones included. 0 if none. | Messages envoyés au contact créés dans la plage, tous types confondus (agents virtuels, enquêtes, proactifs aussi) ; supprimés inclus. 0 s'il n'y en a pas.
    changes.last_updated_ms AS last_updated -- timestamp | Last Updated | Dernière mise à jour | Dernière mise à jour | Last time the contact was saved or one of its attributes set or cleared, up to the as-of instant, inside the range or not; messages do not count. Empty if never. | Dernier enregistrement du contact ou dernière définition ou effacement d'un de ses attributs à l'instant d'observation (as_of), dans la plage ou non ; messages ignorés. Vide s'il n'y en a aucun.
FROM totals
INNER JOIN written ON written.contact_id = totals.contact_id AND written.nth = 1
LEFT JOIN contact_names ON contact_names.contact_id = totals.contact_id
LEFT JOIN channels ON channels.channel_id = written.channel_id
LEFT JOIN changes ON changes.contact_id = totals.contact_id
ORDER BY totals.first_inbound_ms NULLS LAST, totals.contact_id
