-- One row per virtual agent and channel where it did anything in the range, by Agent ID.
WITH scope AS (
    SELECT conversation_id
    FROM message_events_in_range
    WHERE type = 'message.created' AND agent_id IN (SELECT agent_id FROM virtual_agents)
    UNION
    SELECT conversation_id
    FROM conversation_events_in_range
    WHERE agent_id IN (SELECT agent_id FROM virtual_agents)
    UNION
    SELECT conversation_id
    FROM label_events_in_range
    WHERE agent_id IN (SELECT agent_id FROM virtual_agents)
),

deeds AS (
    SELECT
        agent_id, conversation_id, message_id,
        'message' AS what
    FROM scope_messages
    WHERE direction = 'outbound'
        AND outbound_type IN ('virtual_agent', 'auto_responder')
        AND time_ms >= $from_ms AND time_ms < $to_ms
    UNION ALL
    SELECT
        agent_id, conversation_id, NULL AS message_id,
        CASE
            WHEN type = 'conversation.handed_over' AND reason IN ('error', 'va_timeout')
                THEN 'handed_over_error'
            WHEN type = 'conversation.handed_over' THEN 'handed_over'
            ELSE 'resolved'
        END AS what
    FROM scope_conversation_events
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
    SELECT agent_id, conversation_id, message_id, type AS what
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
    totals.agent_id AS agent_id, -- id | Agent ID | ID de l'agent | ID d'agent | TODO-EN | TODO-FR
    agents.name AS agent_name, -- text | Agent Name | Nom de l'agent | Nom de l'agent | TODO-EN | TODO-FR
    channels.medium AS medium, -- enum | Medium | Média | Moyen | TODO-EN | TODO-FR
    channels.name AS channel, -- text | Channel | Canal | Channel | TODO-EN | TODO-FR
    channels.display_name AS channel_display_name, -- text | Channel Display Name | Nom d'affichage du canal | Nom d'affichage du canal | TODO-EN | TODO-FR
    totals.conversations AS conversations, -- integer conversations | Total Conversations | Nombre total de conversations | Nombre total de conversations | TODO-EN | TODO-FR
    totals.handed_over AS handed_over, -- integer conversations | Handed Over to Agent | Transférées à un agent | Transfert à l'agent | TODO-EN | TODO-FR
    totals.handed_over_error AS handed_over_error, -- integer conversations | Handed Over Due to Error | Transférées suite à une erreur | Transfert en raison d'une erreur | TODO-EN | TODO-FR
    totals.resolved AS resolved, -- integer conversations | Resolved | Résolues | Réglé | TODO-EN | TODO-FR
    totals.topics_applied AS topics_applied, -- integer topics | Total Conversations With Topic | Sujets appliqués | Nombre total de conversations avec sujet | TODO-EN | TODO-FR
    totals.tagged_messages AS tagged_messages, -- integer messages | Total Tagged Messages | Messages balisés | Nombre total de messages marqués | TODO-EN | TODO-FR
    totals.tags_applied AS tags_applied -- integer tags | Total Message Tags | Balises appliquées | Le nombre total de messages marqués | TODO-EN | TODO-FR
FROM totals
LEFT JOIN agents ON agents.agent_id = totals.agent_id
LEFT JOIN channels ON channels.channel_id = totals.channel_id
ORDER BY totals.agent_id, totals.channel_id
