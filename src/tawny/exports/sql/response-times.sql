-- One row per response whose reply lies in the range, by To.
WITH scope AS (
    SELECT DISTINCT conversation_id
    FROM message_events_in_range
    WHERE type = 'message.created' AND outbound_type = 'agent'
)

SELECT
    responses.conversation_id AS conversation_id, -- id | Conversation ID | ID de conversation | Identifiant de conversation | TODO-EN | TODO-FR
    channels.medium AS medium, -- enum | Medium | Média | Moyen | TODO-EN | TODO-FR
    channels.name AS sender_channel, -- text | Sender Channel | Canal de l'expéditeur | Canal de l'expéditeur | TODO-EN | TODO-FR
    channels.display_name AS sender_channel_display_name, -- text | Sender Channel Display Name | Nom d'affichage du canal de l'expéditeur | Nom complet du canal de l'expéditeur | TODO-EN | TODO-FR
    conversations.contact_id AS contact_profile_id, -- id | Contact Profile ID | ID de profil du contact | ID de profil de contact | TODO-EN | TODO-FR
    responses.started_by AS started_by, -- enum | Started By | Commencée par | Commencé par | TODO-EN | TODO-FR
    responses.handover_reason AS handover_reason, -- enum | Handover Reason | Motif du transfert | Raison du transfert | TODO-EN | TODO-FR
    responses.from_ms AS "from", -- timestamp | From | De | De | TODO-EN | TODO-FR
    responses.to_ms AS "to", -- timestamp | To | À | Pour | TODO-EN | TODO-FR
    (responses.to_ms - responses.from_ms + 500) // 1000 AS agent_response_time, -- duration | Agent Response Time (s) | Temps de réponse de l'agent (s) | Temps de réponse de l'agent (s) | TODO-EN | TODO-FR
    responses.agent_id AS response_agent_id, -- id | Response Agent ID | ID de l'agent ayant répondu | ID de l'agent de réponse | TODO-EN | TODO-FR
    agents.name AS response_agent_name, -- text | Response Agent Name | Nom de l'agent ayant répondu | Nom de l'agent de réponse | TODO-EN | TODO-FR
    agents.reference AS response_agent_reference, -- text | Response Agent Reference | Référence de l'agent ayant répondu | Référence de l'agent de réponse | TODO-EN | TODO-FR
    responses.inbound_message_id AS inbound_message_id, -- id | Inbound Message ID | ID du message entrant | ID du message entrant | TODO-EN | TODO-FR
    responses.outbound_message_id AS outbound_message_id, -- id | Outbound Message ID | ID du message sortant | ID du message sortant | TODO-EN | TODO-FR
    conversation_urls.url AS conversation_url -- url | Conversation URL | URL de la conversation | URL de conversation | TODO-EN | TODO-FR
FROM responses
INNER JOIN conversations ON conversations.conversation_id = responses.conversation_id
LEFT JOIN channels ON channels.channel_id = conversations.channel_id
LEFT JOIN agents ON agents.agent_id = responses.agent_id
LEFT JOIN conversation_urls ON conversation_urls.conversation_id = responses.conversation_id
WHERE responses.to_ms >= $from_ms AND responses.to_ms < $to_ms
ORDER BY responses.to_ms, responses.outbound_message_id
