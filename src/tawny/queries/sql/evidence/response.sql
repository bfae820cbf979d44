-- The events that cells of a response hang on, by rule and part.
-- of: response-times
-- row: conversation_id, contact_profile_id, started_by, handover_reason, from, to,
--   response_agent_id, outbound_message_id
-- time: agent_response_time = sum
-- channel: medium, sender_channel, sender_channel_display_name
-- agent: response_agent_name, response_agent_reference
-- inbound: inbound_message_id
-- url: conversation_url
WITH explained AS (
    SELECT
        responses.opener_event, responses.reply_event, responses.inbound_event,
        responses.closed_event, responses.agent_id, responses.from_ms, responses.to_ms,
        conversations.channel_id, conversations.url, conversations.url_event
    FROM asked
    INNER JOIN responses ON responses.outbound_message_id = asked.outbound_message_id
    INNER JOIN conversations ON conversations.conversation_id = responses.conversation_id
)

SELECT 'row' AS rule, 'starts' AS part, opener_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT 'row' AS rule, 'ends' AS part, reply_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT 'time' AS rule, 'ends' AS part, reply_event AS event, to_ms - from_ms AS amount
FROM explained
UNION ALL
SELECT 'channel' AS rule, 'saved' AS part, channels.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN channels ON channels.channel_id = explained.channel_id
UNION ALL
SELECT 'agent' AS rule, 'saved' AS part, agents.event, CAST(NULL AS BIGINT) AS amount
FROM explained
INNER JOIN agents ON agents.agent_id = explained.agent_id
UNION ALL
SELECT
    'inbound' AS rule, 'inbound_before' AS part, inbound_event AS event,
    CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT
    'inbound' AS rule, 'no_wait' AS part, closed_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
UNION ALL
SELECT 'url' AS rule, 'carries' AS part, url_event AS event, CAST(NULL AS BIGINT) AS amount
FROM explained
WHERE url IS NOT NULL
