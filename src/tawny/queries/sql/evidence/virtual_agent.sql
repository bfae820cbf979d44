-- The events that cells of a virtual agent in a channel hang on, by rule and part.
-- of: virtual-agents
-- row: agent_id
-- name: agent_name
-- channel: medium, channel, channel_display_name
-- conversations: conversations = count
-- handed_over: handed_over = count
-- handed_over_error: handed_over_error = count
-- resolved: resolved = count
-- topics_applied: topics_applied = count
-- tagged_messages: tagged_messages = count
-- tags_applied: tags_applied = count
WITH explained AS (
    SELECT deeds.event, deeds.what, deeds.conversation_id, deeds.message_id
    FROM asked
    INNER JOIN deeds ON deeds.agent_id = asked.agent_id
    INNER JOIN conversations
        ON conversations.conversation_id = deeds.conversation_id
        AND conversations.channel_id = asked.channel_id
)

SELECT 'row' AS rule, 'is_virtual' AS part, agents.kind_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM asked
INNER JOIN agents ON agents.agent_id = asked.agent_id
UNION ALL
SELECT 'row' AS rule, 'row' AS part, min(event) AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT 'name' AS rule, 'saved' AS part, agents.event, CAST(NULL AS BIGINT) AS amount
FROM asked
INNER JOIN agents ON agents.agent_id = asked.agent_id
UNION ALL
SELECT 'channel' AS rule, 'saved' AS part, channels.event, CAST(NULL AS BIGINT) AS amount
FROM asked
INNER JOIN channels ON channels.channel_id = asked.channel_id
UNION ALL
SELECT 'conversations' AS rule, 'conversation' AS part, min(event) AS event, 1 AS amount
FROM explained
WHERE what = 'message'
GROUP BY conversation_id
UNION ALL
SELECT 'handed_over' AS rule, 'conversation' AS part, min(event) AS event, 1 AS amount
FROM explained
WHERE what IN ('handed_over', 'handed_over_error')
GROUP BY conversation_id
UNION ALL
SELECT 'handed_over_error' AS rule, 'conversation' AS part, min(event) AS event, 1 AS amount
FROM explained
WHERE what = 'handed_over_error'
GROUP BY conversation_id
UNION ALL
SELECT 'resolved' AS rule, 'conversation' AS part, min(event) AS event, 1 AS amount
FROM explained
WHERE what = 'resolved'
GROUP BY conversation_id
UNION ALL
SELECT 'topics_applied' AS rule, 'counted' AS part, event, 1 AS amount
FROM explained
WHERE what = 'topic.applied'
UNION ALL
SELECT 'tagged_messages' AS rule, 'message' AS part, min(event) AS event, 1 AS amount
FROM explained
WHERE what = 'tag.applied'
GROUP BY message_id
UNION ALL
SELECT 'tags_applied' AS rule, 'counted' AS part, event, 1 AS amount
FROM explained
WHERE what = 'tag.applied'
