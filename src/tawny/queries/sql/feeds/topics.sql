-- Topics that may have been applied in the period between two versions of the log.
SELECT events.topic_id, creations.channel_id
FROM all_label AS events
INNER JOIN all_conversation AS creations
    ON creations.conversation_id = events.conversation_id
    AND creations.type = 'conversation.created'
WHERE events.conversation_id IN (SELECT conversation_id FROM restless_conversations)
    AND events.time_ms >= $from_ms
    AND events.time_ms < $to_ms
    AND events.type = 'topic.applied'
