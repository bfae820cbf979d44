-- One row per message created in the range, by Created at.
WITH message_scope AS (
    SELECT
        message_id, conversation_id, direction, outbound_type, agent_id, team_id, message_type,
        origin, content, post_url, time_ms, sequence, source, id
    FROM message_events_in_range
    WHERE type = 'message.created'
),

repeated AS (
    -- Messages created more than once, anywhere in the log: only the first by order counts.
    SELECT message_id
    FROM message_events
    WHERE type = 'message.created' AND message_id IN (SELECT message_id FROM message_scope)
    GROUP BY message_id
    HAVING count(*) > 1
),

later_creations AS (
    SELECT message_id, source, id
    FROM (
        SELECT
            message_id, source, id,
            row_number() OVER (
                PARTITION BY message_id ORDER BY time_ms, sequence, source, id
            ) AS nth
        FROM message_events
        WHERE type = 'message.created' AND message_id IN (SELECT message_id FROM repeated)
    ) AS creations
    WHERE nth > 1
),

scope AS (
    SELECT DISTINCT conversation_id FROM message_scope
),

changes AS (
    SELECT
        message_id,
        max(time_ms) AS last_changed_ms,
        min(CASE WHEN type = 'message.deleted' THEN time_ms END) AS deleted_ms
    FROM (
        SELECT message_id, type, time_ms
        FROM message_events
        WHERE type IN ('message.updated', 'message.deleted')
            AND message_id IN (SELECT message_id FROM message_scope)
        UNION ALL
        SELECT message_id, type, time_ms
        FROM label_events
        WHERE type IN ('tag.applied', 'tag.removed')
            AND message_id IN (SELECT message_id FROM message_scope)
    ) AS events
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
        FROM message_events
        WHERE type = 'message.updated'
            AND content IS NOT NULL
            AND message_id IN (SELECT message_id FROM message_scope)
    ) AS contents
    WHERE newest = 1
),

tag_lists AS (
    SELECT
        message_id,
        array_agg(tag_id ORDER BY time_ms, sequence, source, id) AS tag_ids,
        array_agg(coalesce(tag_name, '') ORDER BY time_ms, sequence, source, id) AS tag_names
    FROM applied_tags
    GROUP BY message_id
)

SELECT
    created.message_id AS message_id, -- id | Message ID | ID du message | Identifiant du message | TODO-EN | TODO-FR
    created.time_ms AS created_at, -- timestamp | Created at | Créé le | Créé à | TODO-EN | TODO-FR
    created.conversation_id AS conversation_id, -- id | Conversation ID | ID de conversation | Identifiant de conversation | TODO-EN | TODO-FR
    channels.medium AS medium, -- enum | Medium | Média | Moyen | TODO-EN | TODO-FR
    channels.name AS channel, -- text | Channel | Canal | Channel | TODO-EN | TODO-FR
    channels.display_name AS channel_display_name, -- text | Channel Display Name | Nom d'affichage du canal | Nom d'affichage du canal | TODO-EN | TODO-FR
    conversations.contact_id AS contact_profile_id, -- id | Contact Profile ID | ID de profil du contact | ID de profil de contact | TODO-EN | TODO-FR
    contact_names.primary_identifier AS contact_primary_identifier, -- text | Contact Primary Identifier | Identifiant principal du contact | Identificateur principal du contact | TODO-EN | TODO-FR
    contact_names.secondary_identifier AS contact_secondary_identifier, -- text | Contact Secondary Identifier | Identifiant secondaire du contact | Identifiant secondaire du contact | TODO-EN | TODO-FR
    created.message_type AS message_type, -- enum | Message Type | Type de message | Type de message | TODO-EN | TODO-FR
    created.origin AS origin, -- enum | Origin | Origine | Origine | TODO-EN | TODO-FR
    created.outbound_type AS outbound_message_type, -- enum | Outbound Message Type | Type de message sortant | Type de message sortant | TODO-EN | TODO-FR
    created.direction AS direction, -- enum | Direction | Direction | Direction | TODO-EN | TODO-FR
    CASE WHEN created.direction = 'outbound' THEN created.agent_id END AS agent_id, -- id | Agent ID | ID de l'agent | ID d'agent | TODO-EN | TODO-FR
    CASE WHEN created.direction = 'outbound' THEN agents.name END AS agent_name, -- text | Agent Name | Nom de l'agent | Nom de l'agent | TODO-EN | TODO-FR
    CASE WHEN created.direction = 'outbound' THEN agents.reference END AS agent_reference, -- text | Agent Reference | Référence de l'agent | Référence de l'agent | TODO-EN | TODO-FR
    CASE WHEN created.direction = 'outbound' THEN created.team_id END AS team_id, -- id | Team ID | ID de l'équipe | ID d'équipe | TODO-EN | TODO-FR
    CASE WHEN created.direction = 'outbound' THEN teams.name END AS team_name, -- text | Team Name | Nom de l'équipe | Nom de l'équipe | TODO-EN | TODO-FR
    tag_lists.tag_ids AS tag_ids, -- id-list | Tag IDs | ID des balises | ID de balise | TODO-EN | TODO-FR
    tag_lists.tag_names AS tag_names, -- text-list | Tag Names | Noms des balises | Noms des balises | TODO-EN | TODO-FR
    CASE WHEN changes.deleted_ms IS NULL AND ($all_content OR channels.medium IN (SELECT medium FROM content_media)) THEN CASE WHEN updates.message_id IS NOT NULL AND (created.content IS NULL OR (updates.time_ms, updates.sequence, updates.source, updates.id) > (created.time_ms, created.sequence, created.source, created.id)) THEN updates.content ELSE created.content END END AS content, -- text | Content | Contenu | Contenus | TODO-EN | TODO-FR
    conversation_urls.url AS conversation_url, -- url | Conversation URL | URL de la conversation | URL de conversation | TODO-EN | TODO-FR
    created.post_url AS post_url, -- url | Post URL | URL de la publication | URL de la publication | TODO-EN | TODO-FR
    greatest(created.time_ms, coalesce(changes.last_changed_ms, created.time_ms)) AS last_updated, -- timestamp | Last Updated | Dernière mise à jour | Dernière mise à jour | TODO-EN | TODO-FR
    changes.deleted_ms AS deleted_at -- timestamp | Deleted at | Supprimé le | Supprimé à | TODO-EN | TODO-FR
FROM message_scope AS created
INNER JOIN conversations ON conversations.conversation_id = created.conversation_id
LEFT JOIN channels ON channels.channel_id = conversations.channel_id
LEFT JOIN contact_names ON contact_names.contact_id = conversations.contact_id
LEFT JOIN agents ON agents.agent_id = created.agent_id
LEFT JOIN teams ON teams.team_id = created.team_id
LEFT JOIN tag_lists ON tag_lists.message_id = created.message_id
LEFT JOIN changes ON changes.message_id = created.message_id
LEFT JOIN updates ON updates.message_id = created.message_id
LEFT JOIN conversation_urls ON conversation_urls.conversation_id = created.conversation_id
WHERE NOT EXISTS (
        SELECT 1
        FROM later_creations
        WHERE later_creations.message_id = created.message_id
            AND later_creations.source = created.source
            AND later_creations.id = created.id
    )
ORDER BY created.time_ms, created.message_id
