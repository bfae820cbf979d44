-- Messages that may have been in the export between two versions of the log.
SELECT message_id
FROM all_message
WHERE type = 'message.created'
    AND message_id IN (SELECT entity_id FROM restless)
