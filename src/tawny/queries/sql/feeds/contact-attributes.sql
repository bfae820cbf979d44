-- Attributes of contacts that may have written in the period between two versions of the log.
WITH contacts_who_wrote AS (
    SELECT creations.contact_id
    FROM all_message AS events
    INNER JOIN all_conversation AS creations
        ON creations.conversation_id = events.conversation_id
        AND creations.type = 'conversation.created'
    WHERE events.time_ms >= $from_ms
        AND events.time_ms < $to_ms
        AND events.type = 'message.created'
        AND events.direction = 'inbound'
        AND creations.contact_id IN (SELECT entity_id FROM restless)
)

SELECT contact_id AS contact_profile_id, attribute_id
FROM all_contact
WHERE type = 'contact.attribute_set'
    AND contact_id IN (SELECT contact_id FROM contacts_who_wrote)
