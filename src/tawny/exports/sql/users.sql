-- One row per human agent who was present or did something that is counted, by User ID.
WITH scope AS (
    SELECT conversation_id FROM active_conversations
),

people AS (
    SELECT owner_id AS agent_id FROM work_totals WHERE owner_type = 'agent'
        AND (
            replies > 0 OR handle_ms + no_response_ms + cherry_picking_ms > 0 OR ended_handles > 0
            OR resolves_with_response + resolves_without_response > 0
            OR tags_added + topics_added > 0
            OR csat_1 + csat_2 + csat_3 + csat_4 + csat_5 > 0
        )
    UNION
    SELECT agent_id FROM presence_in_range
)

SELECT
    people.agent_id AS user_id, -- id | User ID | ID de l'utilisateur | ID utilisateur | TODO-EN | TODO-FR
    agents.name AS user_name, -- text | User Name | Nom de l'utilisateur | Nom d'utilisateur | TODO-EN | TODO-FR
    agents.email AS user_email, -- text | User Email | Adresse e-mail de l'utilisateur | Adresse e-mail de l'utilisateur | TODO-EN | TODO-FR
    agents.reference AS user_reference, -- text | User Reference | Référence de l'utilisateur | Référence utilisateur | TODO-EN | TODO-FR
    CASE WHEN presence_measurement.is_measured THEN (coalesce(presence_totals.available_ms, 0) + 500) // 1000 END AS available_time, -- duration | Available Time (s) | Temps disponible (s) | Temps (s) disponible (s) | TODO-EN | TODO-FR
    CASE WHEN presence_measurement.is_measured THEN (coalesce(presence_totals.away_ms, 0) + 500) // 1000 END AS away_time, -- duration | Away Time (s) | Temps d'absence (s) | Temps d'absence (s) | TODO-EN | TODO-FR
    coalesce(work.contacts_helped, 0) AS contacts_helped, -- integer contacts | Contacts Helped | Contacts aidés | Contacts aidés | TODO-EN | TODO-FR
    CASE WHEN lock_measurement.is_measured AND work.ended_handles > 0 THEN (2 * work.ended_handle_ms + 1000 * work.ended_handles) // (2000 * work.ended_handles) END AS average_handle_time, -- duration | Avg. Handle Time (s) | Temps de traitement moyen (s) | Moy. Temps de poignée (s) | TODO-EN | TODO-FR
    CASE WHEN lock_measurement.is_measured THEN (coalesce(work.handle_ms, 0) + 500) // 1000 END AS handle_time, -- duration | Handle Time (s) | Temps de traitement (s) | Temps de poignée (s) | TODO-EN | TODO-FR
    CASE WHEN lock_measurement.is_measured THEN (coalesce(work.no_response_ms, 0) + 500) // 1000 END AS no_response_time, -- duration | No Response Time (s) | Temps sans réponse (s) | Temps de non-réponse (s) | TODO-EN | TODO-FR
    CASE WHEN lock_measurement.is_measured THEN (coalesce(work.cherry_picking_ms, 0) + 500) // 1000 END AS cherry_picking_time, -- duration | Cherry Picking Time (s) | Temps de consultation sans suite (s) | Temps (s) de cueillette des cerises | TODO-EN | TODO-FR
    coalesce(work.replies, 0) AS replies, -- integer messages | Replies | Réponses | Réponses | TODO-EN | TODO-FR
    coalesce(work.resolves_with_response, 0) AS resolves_with_response, -- integer conversations | Resolves - With Response | Résolutions - avec réponse | Résout - Avec réponse | TODO-EN | TODO-FR
    coalesce(work.resolves_without_response, 0) AS resolves_without_response, -- integer conversations | Resolves - No Response | Résolutions - sans réponse | Résout - Pas de réponse | TODO-EN | TODO-FR
    coalesce(work.tags_added, 0) AS tags_added, -- integer tags | Tags Added | Balises ajoutées | Tags ajoutés | TODO-EN | TODO-FR
    coalesce(work.topics_added, 0) AS topics_added, -- integer topics | Topics Added | Sujets ajoutés | Sujets ajoutés | TODO-EN | TODO-FR
    CASE WHEN lock_measurement.is_measured AND presence_totals.available_ms > 0 THEN ((2000 * coalesce(busy_totals.busy_ms, 0) + presence_totals.available_ms) // (2 * presence_totals.available_ms)) / 10.0 END AS utilization, -- percent | Utilization (%) | Utilisation (%) | Utilisation (%) | TODO-EN | TODO-FR
    coalesce(work.csat_1, 0) AS csat_score_1, -- integer surveys | CSAT With Score 1 | CSAT avec score 1 | CSAT avec score 1 | TODO-EN | TODO-FR
    coalesce(work.csat_2, 0) AS csat_score_2, -- integer surveys | CSAT With Score 2 | CSAT avec score 2 | CSAT avec score 2 | TODO-EN | TODO-FR
    coalesce(work.csat_3, 0) AS csat_score_3, -- integer surveys | CSAT With Score 3 | CSAT avec score 3 | CSAT avec score 3 | TODO-EN | TODO-FR
    coalesce(work.csat_4, 0) AS csat_score_4, -- integer surveys | CSAT With Score 4 | CSAT avec score 4 | CSAT avec score 4 | TODO-EN | TODO-FR
    coalesce(work.csat_5, 0) AS csat_score_5 -- integer surveys | CSAT With Score 5 | CSAT avec score 5 | CSAT avec score 5 | TODO-EN | TODO-FR
FROM people
CROSS JOIN presence_measurement
CROSS JOIN lock_measurement
LEFT JOIN work_totals AS work ON work.owner_type = 'agent' AND work.owner_id = people.agent_id
LEFT JOIN agents ON agents.agent_id = people.agent_id
LEFT JOIN presence_totals ON presence_totals.agent_id = people.agent_id
LEFT JOIN busy_totals ON busy_totals.agent_id = people.agent_id
WHERE people.agent_id NOT IN (SELECT agent_id FROM virtual_agents)
ORDER BY people.agent_id
