-- One row per virtual agent and channel where it did anything in the range, by Agent ID.
-- fr: Une ligne par agent virtuel et par canal où il a agi dans la plage, triée par ID de l'agent.
WITH scope AS (
    SELECT conversation_id
    FROM message_events_in_range
    WHERE type = 'message.created' AND agent_id IN (SELECT agent_id FROM virtual_agents)
    UNION
    SELECT conversation_id
    FROM status_events_in_range
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
    totals.agent_id AS agent_id, -- id | Agent ID | ID de l'agent | ID d'agent | Identifies the virtual agent; one row per virtual agent and channel where any of the numbers below is not 0, so an id may repeat. Links to Agent ID in messages. | Identifie l'agent virtuel ; une ligne par agent virtuel et canal où l'un des nombres n'est pas 0, un ID peut donc se répéter. Renvoie à ID de l'agent dans messages.
    agents.name AS agent_name, -- text | Agent Name | Nom de l'agent | Nom de l'agent | Name of the virtual agent, as last saved up to the as-of instant. | Nom de l'agent virtuel, selon son dernier enregistrement à l'instant d'observation (as_of).
    channels.medium AS medium, -- enum | Medium | Média | Moyen | Medium of the conversations' channel, such as email or whatsapp, as last saved up to the as-of instant; empty if the channel was never saved. The list is open. | Média du canal des conversations, par exemple email ou whatsapp, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré. Liste ouverte.
    channels.name AS channel, -- text | Channel | Canal | Channel | Name of the conversations' channel, as last saved up to the as-of instant; empty if the channel was never saved. | Nom du canal des conversations, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré.
    channels.display_name AS channel_display_name, -- text | Channel Display Name | Nom d'affichage du canal | Nom d'affichage du canal | Display name of the conversations' channel, as last saved up to the as-of instant; empty if the channel was never saved or has none. | Nom d'affichage du canal des conversations, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré ou n'en a pas.
    totals.conversations AS conversations, -- integer conversations | Total Conversations | Nombre total de conversations | Nombre total de conversations | Distinct conversations with an outbound message of type virtual_agent or auto_responder by this agent in the range; deleted messages included. 0 if none. | Conversations distinctes ayant un message sortant de type virtual_agent ou auto_responder de cet agent dans la plage ; messages supprimés inclus. 0 si aucune.
    totals.handed_over AS handed_over, -- integer conversations | Handed Over to Agent | Transférées à un agent | Transfert à l'agent | Distinct conversations with a hand-over by this agent in the range, for any reason or none. 0 if none. | Conversations distinctes ayant un transfert par cet agent dans la plage, quel que soit le motif ou sans motif. 0 si aucune.
    totals.handed_over_error AS handed_over_error, -- integer conversations | Handed Over Due to Error | Transférées suite à une erreur | Transfert en raison d'une erreur | Those of Handed Over to Agent with at least one hand-over by this agent in the range for the reason error or va_timeout. 0 if none. | Parmi les conversations transférées à un agent, celles ayant au moins un transfert par cet agent dans la plage pour le motif error ou va_timeout. 0 si aucune.
    totals.resolved AS resolved, -- integer conversations | Resolved | Résolues | Réglé | Distinct conversations with a change to resolved of cause virtual_agent by this agent in the range, first resolve or not, even if reopened since. 0 if none. | Conversations distinctes ayant un passage à resolved de cause virtual_agent par cet agent dans la plage, première résolution ou non, même rouvertes depuis. 0 si aucune.
    totals.topics_applied AS topics_applied, -- integer topics | Total Conversations With Topic | Sujets appliqués | Nombre total de conversations avec sujet | Topic applications by this agent in the range, despite the header: two topics on one conversation count 2, and so does the same one twice. Later removals change nothing. 0 if none. | Applications de sujets par cet agent dans la plage : deux sujets sur une même conversation comptent 2, le même sujet appliqué deux fois aussi. Les retraits ultérieurs n'y changent rien. 0 si aucune.
    totals.tagged_messages AS tagged_messages, -- integer messages | Total Tagged Messages | Messages balisés | Nombre total de messages marqués | Distinct messages to which this agent applied at least one tag in the range, even if removed since; deleted messages included. 0 if none. | Messages distincts auxquels cet agent a appliqué au moins une balise dans la plage, même retirée depuis ; messages supprimés inclus. 0 si aucun.
    totals.tags_applied AS tags_applied -- integer tags | Total Message Tags | Balises appliquées | Le nombre total de messages marqués | Tag applications by this agent in the range: two tags on one message count 2, and so does the same one twice. Later removals change nothing. 0 if none. | Applications de balises par cet agent dans la plage : deux balises sur un même message comptent 2, la même appliquée deux fois aussi. Les retraits ultérieurs n'y changent rien. 0 si aucune.
FROM totals
LEFT JOIN agents ON agents.agent_id = totals.agent_id
LEFT JOIN channels ON channels.channel_id = totals.channel_id
ORDER BY totals.agent_id, totals.channel_id
