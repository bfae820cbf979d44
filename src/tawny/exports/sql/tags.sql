-- One row per tag and channel with an application in the range, by Tag ID.
-- fr: Une ligne par balise et par canal où elle a été appliquée dans la plage, triée par ID de la balise.
WITH tag_events_everywhere AS (
    -- All applications and removals of the tags of the messages that got one in the range.
    SELECT message_id, conversation_id, tag_id, type, time_ms, sequence, source, id
    FROM label_events
    WHERE type IN ('tag.applied', 'tag.removed')
        AND message_id IN (
            SELECT message_id FROM label_events_in_range WHERE type = 'tag.applied'
        )
),

scope AS (
    SELECT DISTINCT conversation_id FROM tag_events_everywhere
),

tag_events AS (
    SELECT message_id, tag_id, type, time_ms, sequence, source, id
    FROM tag_events_everywhere
    WHERE conversation_id IN (SELECT conversation_id FROM conversations)
),

labelled AS (
    SELECT DISTINCT
        label_events_in_range.tag_id, conversations.channel_id, label_events_in_range.message_id,
        conversations.contact_id
    FROM label_events_in_range
    INNER JOIN conversations
        ON conversations.conversation_id = label_events_in_range.conversation_id
    WHERE label_events_in_range.type = 'tag.applied'
),

totals AS (
    SELECT
        labelled.tag_id, labelled.channel_id,
        count(DISTINCT labelled.contact_id) AS contacts,
        count(DISTINCT labelled.message_id) AS messages,
        count(DISTINCT applied_tags.message_id) AS current_messages
    FROM labelled
    LEFT JOIN applied_tags
        ON applied_tags.message_id = labelled.message_id
        AND applied_tags.tag_id = labelled.tag_id
    GROUP BY labelled.tag_id, labelled.channel_id
)

SELECT
    totals.tag_id AS tag_id, -- id | Tag ID | ID de la balise | ID de balise | Identifies the tag; one row per tag and channel with an application in the range, so an id may repeat. Links to Tag IDs in messages. | Identifie la balise ; une ligne par balise et canal ayant une application dans la plage, un ID peut donc se répéter. Renvoie à ID des balises dans messages.
    tags.name AS tag_name, -- text | Tag Name | Nom de la balise | Nom de l'étiquette | Name of the tag, as last saved up to the as-of instant; a deleted tag keeps its last name. Empty if it was never saved. | Nom de la balise, selon son dernier enregistrement à l'instant d'observation (as_of) ; une balise supprimée garde son dernier nom. Vide si elle n'a jamais été enregistrée.
    coalesce(tags.is_active, TRUE) AS active, -- boolean | Active | Active | Actif | false if the tag is deleted at the as-of instant and was not saved again since, otherwise true; true as well for a tag neither saved nor deleted. | false si la balise est supprimée à l'instant d'observation (as_of) sans avoir été enregistrée à nouveau depuis, sinon true ; true aussi pour une balise ni enregistrée ni supprimée.
    totals.contacts AS total_contacts, -- integer contacts | Total Contacts | Nombre total de contacts | Nombre total de contacts | Distinct contacts of the conversations in which the tag was applied to a message in the range, even if removed since. | Contacts distincts des conversations où la balise a été appliquée à un message dans la plage, même si elle a été retirée depuis.
    totals.messages AS total_messages, -- integer messages | Total Messages | Nombre total de messages | Nombre total de messages | Distinct messages of the channel to which the tag was applied in the range, by anybody (virtual agents too), even if removed since; deleted messages and messages created before the range included. | Messages distincts du canal auxquels la balise a été appliquée dans la plage, par quiconque (agents virtuels aussi), même retirée depuis ; messages supprimés ou créés avant la plage inclus.
    totals.current_messages AS current_messages, -- integer messages | Total Current Messages | Nombre total de messages actuels | Nombre total de messages actuels | Those of Total Messages that still carry the tag at the as-of instant: last applied and not removed, and the tag not deleted since; deleted messages included. 0 if none. | Ceux du nombre total qui portent encore la balise à l'instant d'observation (as_of) : appliquée, non retirée, et balise non supprimée depuis ; messages supprimés inclus. 0 si aucun.
    channels.medium AS medium, -- enum | Medium | Média | Moyen | Medium of the conversations' channel, such as email or whatsapp, as last saved up to the as-of instant; empty if the channel was never saved. The list is open. | Média du canal des conversations, par exemple email ou whatsapp, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré. Liste ouverte.
    channels.name AS channel, -- text | Channel | Canal | Channel | Name of the conversations' channel, as last saved up to the as-of instant; empty if the channel was never saved. | Nom du canal des conversations, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré.
    channels.display_name AS channel_display_name -- text | Channel Display Name | Nom d'affichage du canal | Nom d'affichage du canal | Display name of the conversations' channel, as last saved up to the as-of instant; empty if the channel was never saved or has none. | Nom d'affichage du canal des conversations, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré ou n'en a pas.
FROM totals
LEFT JOIN tags ON tags.tag_id = totals.tag_id
LEFT JOIN channels ON channels.channel_id = totals.channel_id
ORDER BY totals.tag_id, totals.channel_id
