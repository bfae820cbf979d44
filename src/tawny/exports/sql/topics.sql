-- One row per topic and channel with an application in the range, by Topic ID.
-- fr: Une ligne par sujet et par canal où il a été appliqué dans la plage, triée par ID du sujet.
WITH scope AS (
    SELECT DISTINCT conversation_id
    FROM label_events_in_range
    WHERE type = 'topic.applied'
),

labelled AS (
    SELECT DISTINCT
        label_events_in_range.topic_id, conversations.channel_id, conversations.conversation_id
    FROM label_events_in_range
    INNER JOIN conversations
        ON conversations.conversation_id = label_events_in_range.conversation_id
    WHERE label_events_in_range.type = 'topic.applied'
),

totals AS (
    SELECT
        labelled.topic_id, labelled.channel_id,
        count(*) AS conversations,
        count(applied_topics.conversation_id) AS current_conversations
    FROM labelled
    LEFT JOIN applied_topics
        ON applied_topics.conversation_id = labelled.conversation_id
        AND applied_topics.topic_id = labelled.topic_id
    GROUP BY labelled.topic_id, labelled.channel_id
)

SELECT
    totals.topic_id AS topic_id, -- id | Topic ID | ID du sujet | Identifiant du sujet | Identifies the topic; one row per topic and channel with an application in the range, so an id may repeat. Links to Topic IDs in both conversation exports. | Identifie le sujet ; une ligne par sujet et canal ayant une application dans la plage, un ID peut donc se répéter. Renvoie à ID des sujets dans les deux exports de conversations.
    topics.name AS topic_name, -- text | Topic Name | Nom du sujet | Nom du sujet | Name of the topic, as last saved up to the as-of instant; a deleted topic keeps its last name. Empty if it was never saved. | Nom du sujet, selon son dernier enregistrement à l'instant d'observation (as_of) ; un sujet supprimé garde son dernier nom. Vide s'il n'a jamais été enregistré.
    coalesce(topics.is_active, TRUE) AS active, -- boolean | Active | Actif | Actif | false if the topic is deleted at the as-of instant and was not saved again since, otherwise true; true as well for a topic neither saved nor deleted. | false si le sujet est supprimé à l'instant d'observation (as_of) sans avoir été enregistré à nouveau depuis, sinon true ; true aussi pour un sujet ni enregistré ni supprimé.
    totals.conversations AS total_conversations, -- integer conversations | Total Conversations | Nombre total de conversations | Nombre total de conversations | Distinct conversations of the channel to which the topic was applied in the range, by anybody (virtual agents too), even if removed since. | Conversations distinctes du canal auxquelles le sujet a été appliqué dans la plage, par quiconque (agents virtuels aussi), même s'il a été retiré depuis.
    totals.current_conversations AS current_conversations, -- integer conversations | Total Current Conversations | Nombre total de conversations actuelles | Nombre total de conversations actuelles | Those of Total Conversations that still carry the topic at the as-of instant: last applied and not removed, and the topic not deleted since. 0 if none. | Celles du nombre total qui portent encore le sujet à l'instant d'observation (as_of) : appliqué, non retiré, et sujet non supprimé depuis. 0 si aucune.
    channels.medium AS medium, -- enum | Medium | Média | Moyen | Medium of the conversations' channel, such as email or whatsapp, as last saved up to the as-of instant; empty if the channel was never saved. The list is open. | Média du canal des conversations, par exemple email ou whatsapp, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré. Liste ouverte.
    channels.name AS channel, -- text | Channel | Canal | Channel | Name of the conversations' channel, as last saved up to the as-of instant; empty if the channel was never saved. | Nom du canal des conversations, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré.
    channels.display_name AS channel_display_name -- text | Channel Display Name | Nom d'affichage du canal | Nom d'affichage du canal | Display name of the conversations' channel, as last saved up to the as-of instant; empty if the channel was never saved or has none. | Nom d'affichage du canal des conversations, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré ou n'en a pas.
FROM totals
LEFT JOIN topics ON topics.topic_id = totals.topic_id
LEFT JOIN channels ON channels.channel_id = totals.channel_id
ORDER BY totals.topic_id, totals.channel_id
