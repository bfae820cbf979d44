-- Contacts that may have had a message in the period between two versions of the log.
SELECT creations.contact_id AS contact_profile_id
FROM all_message AS events
INNER JOIN all_conversation AS creations
    ON creations.conversation_id = events.conversation_id
    AND creations.type = 'conversation.created'
WHERE events.time_ms >= $from_ms
    AND events.time_ms < $to_ms
    AND events.type = 'message.created'
    AND creations.contact_id IN (SELECT entity_id FROM restless)
