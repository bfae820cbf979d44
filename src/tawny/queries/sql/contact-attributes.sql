-- title: Contact attributes
-- One row per attribute of each contact who wrote in the range, by Contact Profile ID. Attributes
-- that the medium itself set are left out.
-- place: 12
-- range: required
-- order: key
-- key: contact_profile_id, attribute_id
-- links: contact_profile_id -> contacts
-- never empty: attribute_type
WITH scope AS (
    SELECT DISTINCT conversation_id
    FROM message_events_in_range
    WHERE type = 'message.created' AND direction = 'inbound'
),

writers AS (
    SELECT
        /* evidence */ min(scope_messages.event) AS event,
        conversations.contact_id
    FROM scope_messages
    INNER JOIN conversations
        ON conversations.conversation_id = scope_messages.conversation_id
    WHERE scope_messages.direction = 'inbound'
        AND scope_messages.time_ms >= $from_ms AND scope_messages.time_ms < $to_ms
    GROUP BY conversations.contact_id
),

last_attributes AS (
    SELECT
        /* evidence */ event,
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
    /* id | Contact Profile ID
       Contact who has the attribute; only contacts with an inbound message in the range. Links to
       Contact Profile ID in contacts, where it is always present. */
    last_attributes.contact_id AS contact_profile_id,
    contact_names.primary_identifier AS contact_primary_identifier,
    contact_names.secondary_identifier AS contact_secondary_identifier,
    /* id | Attribute ID
       Identifies the attribute; one row per contact and attribute set at the as-of instant. Left
       out: attributes cleared since, and those last set by the medium itself. */
    last_attributes.attribute_id AS attribute_id,
    /* text | Attribute Name
       Name of the attribute as carried by its last setting for this contact, up to the as-of
       instant. */
    last_attributes.name AS attribute_name,
    /* text | Attribute Value
       Value last set for this contact up to the as-of instant, before, in or after the range; may
       be an empty text. */
    last_attributes.value AS attribute_value,
    /* enum | Attribute Type
       Type carried by the last setting: default, custom, medium or crm. Not who set it: a value
       set by the medium is left out, whatever its type. */
    last_attributes.attribute_type AS attribute_type
FROM last_attributes
LEFT JOIN contact_names ON contact_names.contact_id = last_attributes.contact_id
WHERE last_attributes.newest = 1
    AND last_attributes.type = 'contact.attribute_set'
    AND last_attributes.set_by <> 'medium'
ORDER BY last_attributes.contact_id, last_attributes.attribute_id
