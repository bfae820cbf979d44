-- One row per topic and channel with an application in the range, by Topic ID.
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
    totals.topic_id AS topic_id, -- id | Topic ID | ID du sujet | Identifiant du sujet | TODO-EN | TODO-FR
    topics.name AS topic_name, -- text | Topic Name | Nom du sujet | Nom du sujet | TODO-EN | TODO-FR
    coalesce(topics.is_active, TRUE) AS active, -- boolean | Active | Actif | Actif | TODO-EN | TODO-FR
    totals.conversations AS total_conversations, -- integer conversations | Total Conversations | Nombre total de conversations | Nombre total de conversations | TODO-EN | TODO-FR
    totals.current_conversations AS current_conversations, -- integer conversations | Total Current Conversations | Nombre total de conversations actuelles | Nombre total de conversations actuelles | TODO-EN | TODO-FR
    channels.medium AS medium, -- enum | Medium | Média | Moyen | TODO-EN | TODO-FR
    channels.name AS channel, -- text | Channel | Canal | Channel | TODO-EN | TODO-FR
    channels.display_name AS channel_display_name -- text | Channel Display Name | Nom d'affichage du canal | Nom d'affichage du canal | TODO-EN | TODO-FR
FROM totals
LEFT JOIN topics ON topics.topic_id = totals.topic_id
LEFT JOIN channels ON channels.channel_id = totals.channel_id
ORDER BY totals.topic_id, totals.channel_id
