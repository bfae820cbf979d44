-- title: Response times
-- One row per response whose reply lies in the range, by To.
-- place: 10
-- range: required
-- order: time
-- key: outbound_message_id
-- links: outbound_message_id -> messages, contact_profile_id -> contacts
-- never empty: conversation_id, contact_profile_id, started_by, from, to, agent_response_time
WITH scope AS (
    SELECT DISTINCT conversation_id
    FROM message_events_in_range
    WHERE type = 'message.created' AND outbound_type = 'agent'
)

SELECT
    /* id | Conversation ID
       Conversation of the response; may have several rows. Links to Conversation ID in messages,
       resolved-conversations and open-conversations. */
    responses.conversation_id AS conversation_id,
    channels.medium AS medium,
    /* text | Sender Channel */
    channels.name AS sender_channel,
    /* text | Sender Channel Display Name */
    channels.display_name AS sender_channel_display_name,
    /* id | Contact Profile ID
       Contact who was answered: that of the conversation. Links to Contact Profile ID in contacts
       and messages. */
    conversations.contact_id AS contact_profile_id,
    /* enum | Started By
       What opened the wait: CONTACT_SENT_MESSAGE, VA_HANDED_OVER_CONVERSATION, BOOMERANG or
       AGENT_SET_TO_NEW. The earliest opener counts; the last two lapse with a change to pending
       before the reply. */
    responses.started_by AS started_by,
    /* enum | Handover Reason
       Reason of the hand-over that opened the wait: REQUESTED, ESCAPE_WORD, VA_TIMEOUT,
       CONTACT_TIMEOUT, ERROR or TAKEN_BY_AGENT. Empty if none was given or something else opened
       the wait. */
    responses.handover_reason AS handover_reason,
    /* timestamp | From
       When the wait was opened: the earliest opener since the last agent reply, resolve or
       virtual agent assignment; may lie before the range. */
    responses.from_ms AS "from",
    /* timestamp | To
       When the agent reply that ends the wait was created; always in the range. Waits ended by a
       resolve or a virtual agent give no row. */
    responses.to_ms AS "to",
    /* duration | Agent Response Time (s)
       From From to To on the wall clock: nights, weekends and closed hours count, and nothing is
       cut at the range. */
    (responses.to_ms - responses.from_ms + 500) // 1000 AS agent_response_time,
    /* id | Response Agent ID
       Agent named in the reply; empty if none was named. Links to User ID in users; in rare data
       the agent is virtual and has no row there. */
    responses.agent_id AS response_agent_id,
    /* text | Response Agent Name
       Name of the agent in Response Agent ID, as last saved up to the as-of instant; empty
       without an agent or if that agent was never saved. */
    agents.name AS response_agent_name,
    /* identifier | Response Agent Reference
       Reference (such as a staff number) of the agent in Response Agent ID, as last saved up to
       the as-of instant; empty without an agent or a reference. */
    agents.reference AS response_agent_reference,
    /* id | Inbound Message ID
       Message that opened the wait; after a hand-over the last inbound before it; empty after a
       boomerang, a return to new, or without an inbound. Links to messages, unless created before
       the range. */
    responses.inbound_message_id AS inbound_message_id,
    /* id | Outbound Message ID
       The agent reply that ends the wait; identifies the row. Links to Message ID in messages of
       the same request, always present there. */
    responses.outbound_message_id AS outbound_message_id,
    conversations.url AS conversation_url
FROM responses
INNER JOIN conversations ON conversations.conversation_id = responses.conversation_id
LEFT JOIN channels ON channels.channel_id = conversations.channel_id
LEFT JOIN agents ON agents.agent_id = responses.agent_id
WHERE responses.to_ms >= $from_ms AND responses.to_ms < $to_ms
ORDER BY responses.to_ms, responses.outbound_message_id
