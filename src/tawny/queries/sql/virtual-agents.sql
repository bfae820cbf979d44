-- title: Virtual agents
-- One row per virtual agent and channel where it did anything in the range, by Agent ID.
-- place: 11
-- range: required
-- order: key
-- key: agent_id, channel_id
-- beside: channel_id = totals.channel_id
-- never empty: agent_id, conversations, handed_over, handed_over_error, resolved,
--   topics_applied, tagged_messages, tags_applied
WITH scope AS (
    SELECT conversation_id
    FROM message_events_in_range
    WHERE type = 'message.created' AND agent_id IN (SELECT agent_id FROM virtual_agents)
    UNION
    SELECT conversation_id
    FROM status_events_in_range
    WHERE type IN ('conversation.status_changed', 'conversation.handed_over')
        AND agent_id IN (SELECT agent_id FROM virtual_agents)
    UNION
    SELECT conversation_id
    FROM label_events_in_range
    WHERE type IN ('topic.applied', 'tag.applied')
        AND agent_id IN (SELECT agent_id FROM virtual_agents)
),

deeds AS (
    SELECT
        /* evidence */ event,
        agent_id, conversation_id, message_id,
        'message' AS what
    FROM scope_messages
    WHERE direction = 'outbound'
        AND outbound_type IN ('virtual_agent', 'auto_responder')
        AND time_ms >= $from_ms AND time_ms < $to_ms
    UNION ALL
    SELECT
        /* evidence */ event,
        agent_id, conversation_id, CAST(NULL AS VARCHAR) AS message_id,
        CASE
            WHEN type = 'conversation.handed_over' AND reason IN ('error', 'va_timeout')
                THEN 'handed_over_error'
            WHEN type = 'conversation.handed_over' THEN 'handed_over'
            WHEN type = 'conversation.status_changed' THEN 'resolved'
        END AS what
    FROM scope_changes
    WHERE time_ms >= $from_ms AND time_ms < $to_ms
        AND (
            type = 'conversation.handed_over'
            OR (
                type = 'conversation.status_changed'
                AND status = 'resolved'
                AND cause = 'virtual_agent'
            )
        )
    UNION ALL
    SELECT
        /* evidence */ event,
        agent_id, conversation_id, message_id, type AS what
    FROM label_events_in_range
    WHERE type IN ('topic.applied', 'tag.applied')
),

totals AS (
    SELECT
        deeds.agent_id, conversations.channel_id,
        count(DISTINCT CASE WHEN deeds.what = 'message' THEN deeds.conversation_id END)
            AS conversations,
        count(
            DISTINCT CASE
                WHEN deeds.what IN ('handed_over', 'handed_over_error')
                    THEN deeds.conversation_id
            END
        ) AS handed_over,
        count(DISTINCT CASE WHEN deeds.what = 'handed_over_error' THEN deeds.conversation_id END)
            AS handed_over_error,
        count(DISTINCT CASE WHEN deeds.what = 'resolved' THEN deeds.conversation_id END)
            AS resolved,
        sum(CASE WHEN deeds.what = 'topic.applied' THEN 1 ELSE 0 END) AS topics_applied,
        count(DISTINCT CASE WHEN deeds.what = 'tag.applied' THEN deeds.message_id END)
            AS tagged_messages,
        sum(CASE WHEN deeds.what = 'tag.applied' THEN 1 ELSE 0 END) AS tags_applied
    FROM deeds
    INNER JOIN conversations ON conversations.conversation_id = deeds.conversation_id
    WHERE deeds.agent_id IN (SELECT agent_id FROM virtual_agents)
    GROUP BY deeds.agent_id, conversations.channel_id
)

SELECT
    /* id | Agent ID
       Identifies the virtual agent; one row per virtual agent and channel where any of the
       numbers below is not 0, so an id may repeat. Links to Agent ID in messages. */
    totals.agent_id AS agent_id,
    /* text | Agent Name
       Name of the virtual agent, as last saved up to the as-of instant. */
    agents.name AS agent_name,
    channels.medium AS medium,
    channels.name AS channel,
    channels.display_name AS channel_display_name,
    /* integer conversations | Total Conversations
       Distinct conversations with an outbound message of type virtual_agent or auto_responder by
       this agent in the range; deleted messages included. 0 if none. */
    totals.conversations AS conversations,
    /* integer conversations | Handed Over to Agent
       Distinct conversations with a hand-over by this agent in the range, for any reason or none.
       0 if none. */
    totals.handed_over AS handed_over,
    /* integer conversations | Handed Over Due to Error
       Those of Handed Over to Agent with at least one hand-over by this agent in the range for
       the reason error or va_timeout. 0 if none. */
    totals.handed_over_error AS handed_over_error,
    /* integer conversations | Resolved
       Distinct conversations with a change to resolved of cause virtual_agent by this agent in
       the range, first resolve or not, even if reopened since. 0 if none. */
    totals.resolved AS resolved,
    /* integer topics | Total Conversations With Topic
       Topic applications by this agent in the range, despite the header: two topics on one
       conversation count 2, and so does the same one twice. Later removals change nothing. 0 if
       none. */
    totals.topics_applied AS topics_applied,
    /* integer messages | Total Tagged Messages
       Distinct messages to which this agent applied at least one tag in the range, even if
       removed since; deleted messages included. 0 if none. */
    totals.tagged_messages AS tagged_messages,
    /* integer tags | Total Message Tags
       Tag applications by this agent in the range: two tags on one message count 2, and so does
       the same one twice. Later removals change nothing. 0 if none. */
    totals.tags_applied AS tags_applied
FROM totals
LEFT JOIN agents ON agents.agent_id = totals.agent_id
LEFT JOIN channels ON channels.channel_id = totals.channel_id
ORDER BY totals.agent_id, totals.channel_id
