-- One row per interval of being available or away that overlaps the range, by From.
SELECT
    presence_in_range.agent_id AS user_id, -- id | User ID | ID de l'utilisateur | ID utilisateur | TODO-EN | TODO-FR
    agents.name AS user_name, -- text | User Name | Nom de l'utilisateur | Nom d'utilisateur | TODO-EN | TODO-FR
    agents.email AS user_email, -- text | User Email | Adresse e-mail de l'utilisateur | Adresse e-mail de l'utilisateur | TODO-EN | TODO-FR
    presence_in_range.presence AS presence, -- enum | Type | Type | Type | TODO-EN | TODO-FR
    presence_in_range.away_state AS away_state, -- text | Away State | État d'absence | État éloigné | TODO-EN | TODO-FR
    presence_in_range.start_ms AS "from", -- timestamp | From | De | De | TODO-EN | TODO-FR
    presence_in_range.end_ms AS "to", -- timestamp | To | À | Pour | TODO-EN | TODO-FR
    (presence_in_range.until_ms - presence_in_range.start_ms + 500) // 1000 AS duration -- duration | Duration (s) | Durée (s) | Durée (s) | TODO-EN | TODO-FR
FROM presence_in_range
LEFT JOIN agents ON agents.agent_id = presence_in_range.agent_id
ORDER BY presence_in_range.start_ms, presence_in_range.agent_id, presence_in_range.until_ms
