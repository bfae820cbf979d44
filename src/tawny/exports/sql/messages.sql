-- One row per message created in the range, by Created at.
-- fr: Une ligne par message créé dans la plage, triée par Créé le.
WITH message_scope AS (
    SELECT message_id, conversation_id, time_ms
    FROM message_events_in_range
),

message_events_later AS (
    -- What happened to these messages after they were created, wherever it says it belongs.
    SELECT
        message_id, conversation_id, type, content, NULL AS tag_id, time_ms, sequence, source, id
    FROM message_change_events
    WHERE message_id IN (SELECT message_id FROM message_scope)
    UNION ALL
    SELECT
        message_id, conversation_id, type, NULL AS content, tag_id, time_ms, sequence, source, id
    FROM label_events
    WHERE type IN ('tag.applied', 'tag.removed')
        AND message_id IN (SELECT message_id FROM message_scope)
),

scope AS (
    SELECT conversation_id FROM message_scope
    UNION
    SELECT conversation_id FROM message_events_later
),

counted AS (
    SELECT message_id, type, content, tag_id, time_ms, sequence, source, id
    FROM message_events_later
    WHERE conversation_id IN (SELECT conversation_id FROM conversations)
),

changes AS (
    SELECT
        message_id,
        max(time_ms) AS last_changed_ms,
        min(CASE WHEN type = 'message.deleted' THEN time_ms END) AS deleted_ms
    FROM counted
    GROUP BY message_id
),

updates AS (
    SELECT message_id, content, time_ms, sequence, source, id
    FROM (
        SELECT
            message_id, content, time_ms, sequence, source, id,
            row_number() OVER (
                PARTITION BY message_id
                ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
            ) AS newest
        FROM counted
        WHERE type = 'message.updated' AND content IS NOT NULL
    ) AS contents
    WHERE newest = 1
),

tag_events AS (
    SELECT message_id, tag_id, type, time_ms, sequence, source, id
    FROM counted
    WHERE type IN ('tag.applied', 'tag.removed')
),

tag_lists AS (
    SELECT
        message_id,
        array_agg(tag_id ORDER BY time_ms, sequence, source, id) AS tag_ids,
        array_agg(coalesce(tag_name, '') ORDER BY time_ms, sequence, source, id) AS tag_names
    FROM applied_tags
    GROUP BY message_id
),

early_updates AS (
    -- The few updates that are not dated later than their message.
    SELECT updates.message_id, updates.time_ms, updates.sequence, updates.source, updates.id
    FROM updates
    INNER JOIN message_scope
        ON message_scope.message_id = updates.message_id
        AND message_scope.time_ms >= updates.time_ms
),

overtaken AS (
    -- Those ordered before their message: what it was created with is newer.
    SELECT created.message_id
    FROM message_events_in_range AS created
    INNER JOIN early_updates
        ON early_updates.message_id = created.message_id
        AND (
            early_updates.time_ms, early_updates.sequence, early_updates.source, early_updates.id
        ) < (created.time_ms, created.sequence, created.source, created.id)
),

message_details AS (
    -- What happened to the few messages to which anything happened.
    SELECT
        changes.message_id, changes.last_changed_ms, changes.deleted_ms,
        updates.content AS updated_content,
        changes.message_id IN (SELECT message_id FROM overtaken) AS is_overtaken,
        tag_lists.tag_ids, tag_lists.tag_names
    FROM changes
    LEFT JOIN updates ON updates.message_id = changes.message_id
    LEFT JOIN tag_lists ON tag_lists.message_id = changes.message_id
),

conversation_details AS (
    SELECT
        conversations.conversation_id, conversations.contact_id, channels.medium, channels.name,
        channels.display_name, contact_names.primary_identifier,
        contact_names.secondary_identifier, conversations.url,
        $all_content OR coalesce(channels.medium IN (SELECT medium FROM content_media), FALSE)
            AS writes_content
    FROM conversations
    LEFT JOIN channels ON channels.channel_id = conversations.channel_id
    LEFT JOIN contact_names ON contact_names.contact_id = conversations.contact_id
)

SELECT
    created.message_id AS message_id, -- id | Message ID | ID du message | Identifiant du message | Identifies the message; one row per message created in the range, deleted ones included. Links to Inbound and Outbound Message ID in response-times. | Identifie le message ; une ligne par message créé dans la plage, supprimés inclus. Renvoie à ID du message entrant et ID du message sortant dans response-times.
    created.time_ms AS created_at, -- timestamp | Created at | Créé le | Créé à | When the message was created; always in the range. If it was created twice, only the first time by order counts. | Moment de création du message, toujours dans la plage. S'il a été créé deux fois, seule la première compte.
    created.conversation_id AS conversation_id, -- id | Conversation ID | ID de conversation | Identifiant de conversation | Conversation of the message. Links to Conversation ID in resolved-conversations, open-conversations and response-times. | Conversation du message. Renvoie à ID de conversation dans resolved-conversations, open-conversations et response-times.
    conversation.medium AS medium, -- enum | Medium | Média | Moyen | Medium of the conversation's channel, such as email or whatsapp, as last saved up to the as-of instant; empty if the channel was never saved. The list is open. | Média du canal de la conversation, par exemple email ou whatsapp, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré. Liste ouverte.
    conversation.name AS channel, -- text | Channel | Canal | Channel | Name of the conversation's channel, as last saved up to the as-of instant; empty if the channel was never saved. | Nom du canal de la conversation, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré.
    conversation.display_name AS channel_display_name, -- text | Channel Display Name | Nom d'affichage du canal | Nom d'affichage du canal | Display name of the conversation's channel, as last saved up to the as-of instant; empty if the channel was never saved or has none. | Nom d'affichage du canal de la conversation, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré ou n'en a pas.
    conversation.contact_id AS contact_profile_id, -- id | Contact Profile ID | ID de profil du contact | ID de profil de contact | Contact of the message's conversation, for inbound and outbound messages alike. Links to Contact Profile ID in contacts. | Contact de la conversation du message, pour les messages entrants comme sortants. Renvoie à ID de profil du contact dans contacts.
    conversation.primary_identifier AS contact_primary_identifier, -- text | Contact Primary Identifier | Identifiant principal du contact | Identificateur principal du contact | Main identifier of the contact (for example an e-mail address or a handle), as last saved up to the as-of instant; empty if the contact was never saved. | Identifiant principal du contact (adresse e-mail, pseudonyme...), selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le contact n'a jamais été enregistré.
    conversation.secondary_identifier AS contact_secondary_identifier, -- text | Contact Secondary Identifier | Identifiant secondaire du contact | Identifiant secondaire du contact | Second identifier of the contact, as last saved up to the as-of instant; empty if the contact was never saved or its last save carries none. | Second identifiant du contact, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le contact n'a jamais été enregistré ou si cet enregistrement n'en porte pas.
    created.message_type AS message_type, -- enum | Message Type | Type de message | Type de message | Type of the message in the source's own words, as given when it was created; the list is open. Empty if none was given. | Type du message tel que la source l'a donné à sa création ; liste ouverte. Vide si aucun n'a été donné.
    created.origin AS origin, -- enum | Origin | Origine | Origine | Where the message came from in the source's own words, as given when it was created; the list is open. Empty if none was given. | Provenance du message telle que la source l'a donnée à sa création ; liste ouverte. Vide si aucune n'a été donnée.
    created.outbound_type AS outbound_message_type, -- enum | Outbound Message Type | Type de message sortant | Type de message sortant | Who or what sent an outbound message: agent, virtual_agent, auto_responder, proactive, csat or native. Empty for inbound messages. | Qui ou quoi a envoyé un message sortant : agent, virtual_agent, auto_responder, proactive, csat ou native. Vide pour un message entrant.
    created.direction AS direction, -- enum | Direction | Direction | Direction | inbound = from the contact, outbound = to the contact. | inbound = reçu du contact, outbound = envoyé au contact.
    CASE WHEN created.direction = 'outbound' THEN created.agent_id END AS agent_id, -- id | Agent ID | ID de l'agent | ID d'agent | Agent named in an outbound message, human or virtual. Empty for inbound messages and where no agent was named. Links to User ID in users or Agent ID in virtual-agents. | Agent nommé dans un message sortant, humain ou virtuel. Vide pour un message entrant ou sans agent nommé. Renvoie à users ou virtual-agents.
    CASE WHEN created.direction = 'outbound' THEN agents.name END AS agent_name, -- text | Agent Name | Nom de l'agent | Nom de l'agent | Name of the agent in Agent ID, as last saved up to the as-of instant; empty for inbound messages, without an agent or if that agent was never saved. | Nom de l'agent, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide pour un message entrant, sans agent ou si cet agent n'a jamais été enregistré.
    CASE WHEN created.direction = 'outbound' THEN agents.reference END AS agent_reference, -- text | Agent Reference | Référence de l'agent | Référence de l'agent | Reference (such as a staff number) of the agent in Agent ID, as last saved up to the as-of instant; empty for inbound messages, without an agent or a reference. | Référence (matricule, par exemple) de l'agent, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide pour un message entrant, sans agent ou sans référence.
    CASE WHEN created.direction = 'outbound' THEN created.team_id END AS team_id, -- id | Team ID | ID de l'équipe | ID d'équipe | Team named in an outbound message. Empty for inbound messages and where no team was named. Links to Team ID in teams, which lists teams with an agent reply in the range. | Équipe nommée dans un message sortant. Vide pour un message entrant ou sans équipe nommée. Renvoie à ID de l'équipe dans teams, qui liste les équipes ayant une réponse d'agent dans la plage.
    CASE WHEN created.direction = 'outbound' THEN teams.name END AS team_name, -- text | Team Name | Nom de l'équipe | Nom de l'équipe | Name of the team in Team ID, as last saved up to the as-of instant; empty for inbound messages, without a team or if that team was never saved. | Nom de l'équipe, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide pour un message entrant, sans équipe ou si elle n'a jamais été enregistrée.
    message_details.tag_ids AS tag_ids, -- id-list | Tag IDs | ID des balises | ID de balise | Tags on the message at the as-of instant: last applied and not removed, and not deleted since; in the order of their last application. Links to Tag ID in tags. Empty if none. | Balises portées par le message à l'instant d'observation (as_of) : appliquées, ni retirées ni supprimées depuis, dans l'ordre de leur dernière application. Renvoie à tags. Vide si aucune.
    message_details.tag_names AS tag_names, -- text-list | Tag Names | Noms des balises | Noms des balises | Names of the tags in Tag IDs, in the same order, as last saved up to the as-of instant; an empty item for a tag that was never saved. | Noms des balises de la colonne ID des balises, dans le même ordre, selon leur dernier enregistrement à l'instant d'observation (as_of) ; élément vide pour une balise jamais enregistrée.
    CASE WHEN message_details.deleted_ms IS NULL AND conversation.writes_content THEN CASE WHEN message_details.is_overtaken AND created.content IS NOT NULL THEN created.content ELSE coalesce(message_details.updated_content, created.content) END END AS content, -- text | Content | Contenu | Contenus | Last known text of the message at the as-of instant. Empty if it has none, once it is deleted (for good), or if the content policy leaves out its medium for this kind of run. | Dernier texte connu du message à l'instant d'observation (as_of). Vide sans texte, dès la suppression (définitive), ou si la politique de contenu écarte son média pour ce type d'exécution.
    conversation.url AS conversation_url, -- url | Conversation URL | URL de la conversation | URL de conversation | Link to the conversation in the source system, the last one known at the as-of instant; empty if none was ever given. | Lien vers la conversation dans le système source, le dernier connu à l'instant d'observation (as_of) ; vide si aucun n'a été donné.
    created.post_url AS post_url, -- url | Post URL | URL de la publication | URL de la publication | Link to the post the message is or belongs to, as given when the message was created; empty if none was given. | Lien vers la publication dont le message fait partie, donné à la création du message ; vide si aucun n'a été donné.
    greatest(created.time_ms, coalesce(message_details.last_changed_ms, created.time_ms)) AS last_updated, -- timestamp | Last Updated | Dernière mise à jour | Dernière mise à jour | Latest of the message's creation, updates and deletions and of the tag applications and removals on it, up to the as-of instant; may lie after the range. | Dernier en date parmi la création, les modifications et suppressions du message et les applications et retraits de balises, à l'instant d'observation (as_of) ; peut suivre la plage.
    message_details.deleted_ms AS deleted_at -- timestamp | Deleted at | Supprimé le | Supprimé à | When the message was first deleted, up to the as-of instant, possibly after the range; empty if it was not. A deleted message keeps its row and still counts elsewhere. | Moment de la première suppression à l'instant d'observation (as_of), éventuellement après la plage ; vide s'il n'y en a pas. Un message supprimé garde sa ligne et reste compté ailleurs.
FROM message_events_in_range AS created
INNER JOIN conversation_details AS conversation
    ON conversation.conversation_id = created.conversation_id
LEFT JOIN agents ON agents.agent_id = created.agent_id
LEFT JOIN teams ON teams.team_id = created.team_id
LEFT JOIN message_details ON message_details.message_id = created.message_id
ORDER BY created.time_ms, created.message_id
