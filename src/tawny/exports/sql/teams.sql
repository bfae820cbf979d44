-- One row per team with an agent reply in the range, by Team ID.
WITH scope AS (
    SELECT conversation_id FROM active_conversations
)

SELECT
    work.first_reply_ms AS created_at, -- timestamp | Created at | Premier message le | Créé à | TODO-EN | TODO-FR
    work.owner_id AS team_id, -- id | Team ID | ID de l'équipe | ID d'équipe | TODO-EN | TODO-FR
    teams.name AS team_name, -- text | Team Name | Nom de l'équipe | Nom de l'équipe | TODO-EN | TODO-FR
    work.resolves_with_response AS resolves_with_response, -- integer conversations | Resolves With Response | Résolutions avec réponse | Résout avec réponse | TODO-EN | TODO-FR
    work.resolves_without_response AS resolves_without_response, -- integer conversations | Resolves Without Response | Résolutions sans réponse | Résout sans réponse | TODO-EN | TODO-FR
    CASE WHEN work.first_responses > 0 THEN (2 * work.first_response_ms + 1000 * work.first_responses) // (2000 * work.first_responses) END AS average_first_response_time, -- duration | Average First Response Time | Délai moyen de première réponse | Temps moyen pour la première réponse | TODO-EN | TODO-FR
    CASE WHEN work.resolutions > 0 THEN (2 * work.resolution_ms + 1000 * work.resolutions) // (2000 * work.resolutions) END AS average_resolution_time, -- duration | Average Resolution Time | Temps de résolution moyen | Temps de résolution moyen | TODO-EN | TODO-FR
    CASE WHEN lock_measurement.is_measured THEN (work.handle_ms + 500) // 1000 END AS handle_time, -- duration | Total Handle Time | Temps de traitement total | Temps total de traitement | TODO-EN | TODO-FR
    CASE WHEN lock_measurement.is_measured THEN (work.no_response_ms + 500) // 1000 END AS no_response_time, -- duration | Total No Response Time | Temps sans réponse total | Temps total sans réponse | TODO-EN | TODO-FR
    CASE WHEN lock_measurement.is_measured THEN (work.cherry_picking_ms + 500) // 1000 END AS cherry_picking_time, -- duration | Total Cherry Picking Time | Temps de consultation sans suite total | Temps total de cueillette des cerises | TODO-EN | TODO-FR
    CASE WHEN lock_measurement.is_measured AND work.ended_handles > 0 THEN (2 * work.ended_handle_ms + 1000 * work.ended_handles) // (2000 * work.ended_handles) END AS average_handle_time, -- duration | Average Handle Time | Temps de traitement moyen | Temps de traitement moyen | TODO-EN | TODO-FR
    work.contacts_helped AS contacts_helped, -- integer contacts | Contacts Helped | Contacts aidés | Contacts aidés | TODO-EN | TODO-FR
    work.csat_1 AS csat_score_1, -- integer surveys | CSAT With Score 1 | CSAT avec score 1 | CSAT avec score 1 | TODO-EN | TODO-FR
    work.csat_2 AS csat_score_2, -- integer surveys | CSAT With Score 2 | CSAT avec score 2 | CSAT avec score 2 | TODO-EN | TODO-FR
    work.csat_3 AS csat_score_3, -- integer surveys | CSAT With Score 3 | CSAT avec score 3 | CSAT avec score 3 | TODO-EN | TODO-FR
    work.csat_4 AS csat_score_4, -- integer surveys | CSAT With Score 4 | CSAT avec score 4 | CSAT avec score 4 | TODO-EN | TODO-FR
    work.csat_5 AS csat_score_5, -- integer surveys | CSAT With Score 5 | CSAT avec score 5 | CSAT avec score 5 | TODO-EN | TODO-FR
    work.tags_added AS tags_added, -- integer tags | Tags Added | Balises ajoutées | Tags ajoutés | TODO-EN | TODO-FR
    work.topics_added AS topics_added, -- integer topics | Topics Added | Sujets ajoutés | Sujets ajoutés | TODO-EN | TODO-FR
    work.replies AS replies -- integer messages | Replies | Réponses | Réponses | TODO-EN | TODO-FR
FROM work_totals AS work
CROSS JOIN lock_measurement
LEFT JOIN teams ON teams.team_id = work.owner_id
WHERE work.owner_type = 'team' AND work.replies > 0
ORDER BY work.owner_id
