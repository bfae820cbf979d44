-- In which channels the senders that state a watermark for all of theirs created a conversation.
SELECT DISTINCT source, channel_id
FROM conversation_events
WHERE type = 'conversation.created' AND source IN (SELECT source FROM stating_senders)
