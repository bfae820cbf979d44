-- One row per attribute of each contact who wrote in the range, by Contact Profile ID. Attributes
-- that the medium itself set are left out.
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
    last_attributes.contact_id AS contact_profile_id, -- id | Contact Profile ID | ID de profil du contact | ID de profil de contact | TODO-EN | TODO-FR
    contact_names.primary_identifier AS contact_primary_identifier, -- text | Contact Primary Identifier | Identifiant principal du contact | Identificateur principal du contact | TODO-EN | TODO-FR
    contact_names.secondary_identifier AS contact_secondary_identifier, -- text | Contact Secondary Identifier | Identifiant secondaire du contact | Identificateur secondaire du contact | TODO-EN | TODO-FR
    last_attributes.attribute_id AS attribute_id, -- id | Attribute ID | ID de l'attribut | ID d'attribut | TODO-EN | TODO-FR
    last_attributes.name AS attribute_name, -- text | Attribute Name | Nom de l'attribut | Nom de l'attribut | TODO-EN | TODO-FR
    last_attributes.value AS attribute_value, -- text | Attribute Value | Valeur de l'attribut | Valeur de l'attribut | TODO-EN | TODO-FR
    last_attributes.attribute_type AS attribute_type -- enum | Attribute Type | Type d'attribut | Type d'attribut | TODO-EN | TODO-FR
FROM last_attributes
LEFT JOIN contact_names ON contact_names.contact_id = last_attributes.contact_id
WHERE last_attributes.newest = 1
    AND last_attributes.type = 'contact.attribute_set'
    AND last_attributes.set_by <> 'medium'
ORDER BY last_attributes.contact_id, last_attributes.attribute_id
