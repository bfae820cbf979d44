-- One row per tag and channel with an application in the range, by Tag ID.
WITH message_scope AS (
    SELECT DISTINCT message_id
    FROM label_events_in_range
    WHERE type = 'tag.applied'
),

scope AS (
    SELECT DISTINCT conversation_id
    FROM label_events_in_range
    WHERE type = 'tag.applied'
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
    totals.tag_id AS tag_id, -- id | Tag ID | ID de la balise | ID de balise | TODO-EN | TODO-FR
    tags.name AS tag_name, -- text | Tag Name | Nom de la balise | Nom de l'étiquette | TODO-EN | TODO-FR
    coalesce(tags.is_active, TRUE) AS active, -- boolean | Active | Active | Actif | TODO-EN | TODO-FR
    totals.contacts AS total_contacts, -- integer contacts | Total Contacts | Nombre total de contacts | Nombre total de contacts | TODO-EN | TODO-FR
    totals.messages AS total_messages, -- integer messages | Total Messages | Nombre total de messages | Nombre total de messages | TODO-EN | TODO-FR
    totals.current_messages AS current_messages, -- integer messages | Total Current Messages | Nombre total de messages actuels | Nombre total de messages actuels | TODO-EN | TODO-FR
    channels.medium AS medium, -- enum | Medium | Média | Moyen | TODO-EN | TODO-FR
    channels.name AS channel, -- text | Channel | Canal | Channel | TODO-EN | TODO-FR
    channels.display_name AS channel_display_name -- text | Channel Display Name | Nom d'affichage du canal | Nom d'affichage du canal | TODO-EN | TODO-FR
FROM totals
LEFT JOIN tags ON tags.tag_id = totals.tag_id
LEFT JOIN channels ON channels.channel_id = totals.channel_id
ORDER BY totals.tag_id, totals.channel_id
