-- One row per attribute of each contact who wrote in the range, by Contact Profile ID. Attributes
-- that the medium itself set are left out.
-- fr: Une ligne par attribut de chaque contact ayant écrit dans la plage, triée par ID de profil du contact.
WITH scope AS (
    SELECT DISTINCT conversation_id
    FROM message_events_in_range
    WHERE type = 'message.created' AND direction = 'inbound'
),

writers AS (
    SELECT DISTINCT conversations.contact_id
    FROM scope_messages
    INNER JOIN conversations
        ON conversations.conversation_id = scope_messages.conversation_id
    WHERE scope_messages.direction = 'inbound'
        AND scope_messages.time_ms >= $from_ms AND scope_messages.time_ms < $to_ms
),

last_attributes AS (
    SELECT
        contact_id, attribute_id, name, value, attribute_type, set_by, type,
        row_number() OVER (
            PARTITION BY contact_id, attribute_id
            ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM contact_events
    WHERE type IN ('contact.attribute_set', 'contact.attribute_cleared')
        AND contact_id IN (SELECT contact_id FROM writers)
)

SELECT
    last_attributes.contact_id AS contact_profile_id, -- id | Contact Profile ID | ID de profil du contact | ID de profil de contact | Contact who has the attribute; only contacts with an inbound message in the range. Links to Contact Profile ID in contacts, where it is always present. | Contact qui porte l'attribut ; seulement les contacts ayant un message entrant dans la plage. Renvoie à ID de profil du contact dans contacts, où il figure toujours.
    contact_names.primary_identifier AS contact_primary_identifier, -- text | Contact Primary Identifier | Identifiant principal du contact | Identificateur principal du contact | Main identifier of the contact (for example an e-mail address or a handle), as last saved up to the as-of instant; empty if the contact was never saved. | Identifiant principal du contact (adresse e-mail, pseudonyme...), selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le contact n'a jamais été enregistré.
    contact_names.secondary_identifier AS contact_secondary_identifier, -- text | Contact Secondary Identifier | Identifiant secondaire du contact | Identificateur secondaire du contact | Second identifier of the contact, as last saved up to the as-of instant; empty if the contact was never saved or its last save carries none. | Second identifiant du contact, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le contact n'a jamais été enregistré ou si cet enregistrement n'en porte pas.
    last_attributes.attribute_id AS attribute_id, -- id | Attribute ID | ID de l'attribut | ID d'attribut | Identifies the attribute; one row per contact and attribute set at the as-of instant. Left out: attributes cleared since, and those last set by the medium itself. | Identifie l'attribut ; une ligne par contact et attribut défini à l'instant d'observation (as_of). Exclus : les attributs effacés depuis et ceux définis en dernier par le média lui-même.
    last_attributes.name AS attribute_name, -- text | Attribute Name | Nom de l'attribut | Nom de l'attribut | Name of the attribute as carried by its last setting for this contact, up to the as-of instant. | Nom de l'attribut porté par sa dernière définition pour ce contact, à l'instant d'observation (as_of).
    last_attributes.value AS attribute_value, -- text | Attribute Value | Valeur de l'attribut | Valeur de l'attribut | Value last set for this contact up to the as-of instant, before, in or after the range; may be an empty text. | Dernière valeur définie pour ce contact à l'instant d'observation (as_of), avant, pendant ou après la plage ; peut être un texte vide.
    last_attributes.attribute_type AS attribute_type -- enum | Attribute Type | Type d'attribut | Type d'attribut | Type carried by the last setting: default, custom, medium or crm. Not who set it: a value set by the medium is left out, whatever its type. | Type porté par la dernière définition : default, custom, medium ou crm. Ce n'est pas son auteur : une valeur définie par le média est exclue, quel que soit son type.
FROM last_attributes
LEFT JOIN contact_names ON contact_names.contact_id = last_attributes.contact_id
WHERE last_attributes.newest = 1
    AND last_attributes.type = 'contact.attribute_set'
    AND last_attributes.set_by <> 'medium'
ORDER BY last_attributes.contact_id, last_attributes.attribute_id
