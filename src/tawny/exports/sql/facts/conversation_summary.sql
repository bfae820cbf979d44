-- One row per conversation in scope with every value the two conversation exports show.
WITH marks AS (
    SELECT
        conversation_id,
        min(CASE WHEN kind = 'resolved' THEN position END) AS first_resolve,
        max(CASE WHEN kind IN ('pending', 'resolved') THEN position END) AS last_change,
        max(CASE WHEN kind IN ('new', 'pending', 'resolved') THEN position END) AS last_status,
        min(CASE WHEN kind = 'inbound' THEN position END) AS first_inbound,
        min(CASE WHEN kind = 'inbound' THEN time_ms END) AS first_inbound_ms,
        sum(CASE WHEN kind = 'inbound' THEN 1 ELSE 0 END) AS inbound_messages,
        sum(CASE WHEN kind IN ('reply', 'outbound') THEN 1 ELSE 0 END) AS outbound_messages
    FROM timeline
    GROUP BY conversation_id
),

lock_times AS (
    SELECT
        conversation_id,
        sum(CASE WHEN kind = 'handle' THEN end_ms - start_ms ELSE 0 END) AS handle_ms,
        sum(CASE WHEN kind = 'no_response' THEN end_ms - start_ms ELSE 0 END) AS no_response_ms,
        sum(CASE WHEN kind = 'cherry_picking' THEN end_ms - start_ms ELSE 0 END)
            AS cherry_picking_ms
    FROM lock_sessions
    GROUP BY conversation_id
),

topic_lists AS (
    SELECT
        conversation_id,
        array_agg(topic_id ORDER BY time_ms, sequence, source, id) AS topic_ids,
        array_agg(coalesce(topic_name, '') ORDER BY time_ms, sequence, source, id) AS topic_names
    FROM applied_topics
    GROUP BY conversation_id
),

last_survey AS (
    SELECT conversation_id, score, state, follow_up_question, follow_up_response
    FROM (
        SELECT
            conversation_id, score, state, follow_up_question, follow_up_response,
            row_number() OVER (
                PARTITION BY conversation_id ORDER BY first_position DESC
            ) AS newest
        FROM surveys
    ) AS ranked
    WHERE newest = 1
)

SELECT
    conversations.conversation_id AS conversation_id, -- id | Conversation ID | ID de conversation | Identifiant de conversation | TODO-EN | TODO-FR
    channels.medium AS medium, -- enum | Medium | Média | Moyen | TODO-EN | TODO-FR
    channels.name AS channel, -- text | Channel | Canal | Channel | TODO-EN | TODO-FR
    channels.display_name AS channel_display_name, -- text | Channel Display Name | Nom d'affichage du canal | Nom d'affichage du canal | TODO-EN | TODO-FR
    conversations.contact_id AS contact_profile_id, -- id | Contact Profile ID | ID de profil du contact | ID de profil de contact | TODO-EN | TODO-FR
    contact_names.primary_identifier AS contact_primary_identifier, -- text | Contact Primary Identifier | Identifiant principal du contact | Identificateur principal du contact | TODO-EN | TODO-FR
    contact_names.secondary_identifier AS contact_secondary_identifier, -- text | Contact Secondary Identifier | Identifiant secondaire du contact | Identificateur secondaire du contact | TODO-EN | TODO-FR
    conversations.created_ms AS created_at, -- timestamp | Created at | Créée le | Créé à | TODO-EN | TODO-FR
    last_change.agent_id AS last_status_change_agent_id, -- id | Last Status Change Agent ID | ID de l'agent du dernier changement de statut | ID du dernier agent de changement de statut | TODO-EN | TODO-FR
    changer.name AS last_status_change_agent_name, -- text | Last Status Change Agent Name | Nom de l'agent du dernier changement de statut | Nom du dernier agent de changement de statut | TODO-EN | TODO-FR
    changer.reference AS last_status_change_agent_reference, -- text | Last Status Change Agent Reference | Référence de l'agent du dernier changement de statut | Référence du dernier agent de changement de statut | TODO-EN | TODO-FR
    last_change.team_id AS last_status_change_team_id, -- id | Last Status Change Team ID | ID de l'équipe du dernier changement de statut | ID d'équipe du dernier changement de statut | TODO-EN | TODO-FR
    teams.name AS last_status_change_team_name, -- text | Last Status Change Team Name | Nom de l'équipe du dernier changement de statut | Nom de l'équipe de la dernière modification | TODO-EN | TODO-FR
    coalesce(last_status.kind, 'new') AS current_status, -- enum | Current Status | Statut actuel | État actuel | TODO-EN | TODO-FR
    CASE resolve.cause WHEN 'agent' THEN 'agent' WHEN 'bulk' THEN 'bulk_resolve' WHEN 'virtual_agent' THEN 'virtual_agent' WHEN 'automation' THEN 'system' WHEN 'auto_resolve' THEN 'system' END AS resolved_by, -- enum | Resolved By | Résolue par | Résolu par | TODO-EN | TODO-FR
    resolve.reason AS resolve_reason, -- text | Resolve Reason | Motif de résolution | Raison de résolution | TODO-EN | TODO-FR
    resolve.comment AS resolve_comment, -- text | Resolve Comment | Commentaire de résolution | Résoudre le commentaire | TODO-EN | TODO-FR
    CASE resolve.cause WHEN 'agent' THEN 'human_agent' WHEN 'bulk' THEN 'human_agent' ELSE resolve.cause END AS resolve_trigger, -- enum | Resolve Trigger | Déclencheur de résolution | Résoudre le déclenchement | TODO-EN | TODO-FR
    resolve.time_ms AS resolved_at, -- timestamp | Resolved at | Résolue le | Résolu à | TODO-EN | TODO-FR
    resolve.agent_id AS resolved_agent_id, -- id | Resolved Agent ID | ID de l'agent ayant résolu | ID d'agent résolu | TODO-EN | TODO-FR
    resolver.name AS resolved_agent_name, -- text | Resolved Agent Name | Nom de l'agent ayant résolu | Nom de l'agent résolu | TODO-EN | TODO-FR
    resolver.reference AS resolved_agent_reference, -- text | Resolved Agent Reference | Référence de l'agent ayant résolu | Référence de l'agent résolu | TODO-EN | TODO-FR
    coalesce(marks.inbound_messages, 0) AS inbound_messages, -- integer messages | Number of Inbound Messages | Nombre de messages entrants | Nombre de messages entrants | TODO-EN | TODO-FR
    coalesce(marks.outbound_messages, 0) AS outbound_messages, -- integer messages | Number of Outbound Messages | Nombre de messages sortants | Nombre de messages sortants | TODO-EN | TODO-FR
    (first_responses.response_ms + 500) // 1000 AS first_response_time, -- duration | First Response Time (s) | Délai de première réponse (s) | Délai (s) de première réponse | TODO-EN | TODO-FR
    CASE WHEN measured_channels.channel_id IS NOT NULL THEN (coalesce(lock_times.handle_ms, 0) + 500) // 1000 END AS handle_time, -- duration | Handle Time (s) | Temps de traitement (s) | Temps de poignée (s) | TODO-EN | TODO-FR
    CASE WHEN measured_channels.channel_id IS NOT NULL THEN (coalesce(lock_times.no_response_ms, 0) + 500) // 1000 END AS no_response_time, -- duration | No Response Time (s) | Temps sans réponse (s) | Temps de non-réponse (s) | TODO-EN | TODO-FR
    CASE WHEN measured_channels.channel_id IS NOT NULL THEN (coalesce(lock_times.cherry_picking_ms, 0) + 500) // 1000 END AS cherry_picking_time, -- duration | Cherry Picking Time (s) | Temps de consultation sans suite (s) | Temps (s) de cueillette des cerises | TODO-EN | TODO-FR
    CASE WHEN marks.first_inbound < marks.first_resolve THEN (resolve.time_ms - marks.first_inbound_ms + 500) // 1000 END AS resolution_time, -- duration | Resolution Time (s) | Temps de résolution (s) | Temps de résolution (s) | TODO-EN | TODO-FR
    topic_lists.topic_ids AS topic_ids, -- id-list | Topic IDs | ID des sujets | ID de sujet | TODO-EN | TODO-FR
    topic_lists.topic_names AS topic_names, -- text-list | Topic Names | Noms des sujets | Noms des sujets | TODO-EN | TODO-FR
    conversation_urls.url AS conversation_url, -- url | Conversation URL | URL de la conversation | URL de conversation | TODO-EN | TODO-FR
    conversation_activity.last_updated_ms AS last_updated, -- timestamp | Last Updated | Dernière mise à jour | Dernière mise à jour | TODO-EN | TODO-FR
    conversation_urls.language AS language, -- text | Language | Langue | Langue | TODO-EN | TODO-FR
    last_survey.score AS csat_score, -- integer 1-5 | CSAT Score | Score CSAT | Score CSAT | TODO-EN | TODO-FR
    last_survey.state AS csat_completed_state, -- enum | CSAT Completed State | État de l'enquête CSAT | État CSAT terminé | TODO-EN | TODO-FR
    last_survey.follow_up_question AS csat_follow_up_question, -- text | CSAT Follow-up Question | Question de suivi CSAT | Question de suivi CSAT | TODO-EN | TODO-FR
    last_survey.follow_up_response AS csat_follow_up_response -- text | CSAT Follow-up Response | Réponse de suivi CSAT | Réponse de suivi CSAT | TODO-EN | TODO-FR
FROM conversations
LEFT JOIN marks ON marks.conversation_id = conversations.conversation_id
LEFT JOIN timeline AS last_change
    ON last_change.conversation_id = marks.conversation_id
    AND last_change.position = marks.last_change
LEFT JOIN timeline AS last_status
    ON last_status.conversation_id = marks.conversation_id
    AND last_status.position = marks.last_status
LEFT JOIN timeline AS resolve
    ON resolve.conversation_id = marks.conversation_id
    AND resolve.position = marks.first_resolve
LEFT JOIN agents AS changer ON changer.agent_id = last_change.agent_id
LEFT JOIN agents AS resolver ON resolver.agent_id = resolve.agent_id
LEFT JOIN teams ON teams.team_id = last_change.team_id
LEFT JOIN channels ON channels.channel_id = conversations.channel_id
LEFT JOIN contact_names ON contact_names.contact_id = conversations.contact_id
LEFT JOIN first_responses ON first_responses.conversation_id = conversations.conversation_id
LEFT JOIN lock_times ON lock_times.conversation_id = conversations.conversation_id
LEFT JOIN measured_channels ON measured_channels.channel_id = conversations.channel_id
LEFT JOIN topic_lists ON topic_lists.conversation_id = conversations.conversation_id
LEFT JOIN conversation_urls
    ON conversation_urls.conversation_id = conversations.conversation_id
LEFT JOIN conversation_activity
    ON conversation_activity.conversation_id = conversations.conversation_id
LEFT JOIN last_survey ON last_survey.conversation_id = conversations.conversation_id
