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
            row_number() OVER (PARTITION BY conversation_id ORDER BY nth DESC) AS newest
        FROM surveys
    ) AS ranked
    WHERE newest = 1
)

SELECT
    conversations.conversation_id AS conversation_id, -- id | Conversation ID | ID de conversation | Identifiant de conversation | Identifies the conversation; one row per conversation. Links to Conversation ID in messages and response-times. | Identifie la conversation ; une ligne par conversation. Renvoie à ID de conversation dans messages et response-times.
    channels.medium AS medium, -- enum | Medium | Média | Moyen | Medium of the conversation's channel, such as email or whatsapp, as last saved up to the as-of instant; empty if the channel was never saved. The list is open. | Média du canal de la conversation, par exemple email ou whatsapp, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré. Liste ouverte.
    channels.name AS channel, -- text | Channel | Canal | Channel | Name of the conversation's channel, as last saved up to the as-of instant; empty if the channel was never saved. | Nom du canal de la conversation, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré.
    channels.display_name AS channel_display_name, -- text | Channel Display Name | Nom d'affichage du canal | Nom d'affichage du canal | Display name of the conversation's channel, as last saved up to the as-of instant; empty if the channel was never saved or has none. | Nom d'affichage du canal de la conversation, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le canal n'a jamais été enregistré ou n'en a pas.
    conversations.contact_id AS contact_profile_id, -- id | Contact Profile ID | ID de profil du contact | ID de profil de contact | Contact of the conversation, as given when it was created. Links to Contact Profile ID in contacts, messages, response-times and contact-attributes. | Contact de la conversation, donné à sa création. Renvoie à ID de profil du contact dans contacts, messages, response-times et contact-attributes.
    contact_names.primary_identifier AS contact_primary_identifier, -- text | Contact Primary Identifier | Identifiant principal du contact | Identificateur principal du contact | Main identifier of the contact (for example an e-mail address or a handle), as last saved up to the as-of instant; empty if the contact was never saved. | Identifiant principal du contact (adresse e-mail, pseudonyme...), selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le contact n'a jamais été enregistré.
    contact_names.secondary_identifier AS contact_secondary_identifier, -- text | Contact Secondary Identifier | Identifiant secondaire du contact | Identificateur secondaire du contact | Second identifier of the contact, as last saved up to the as-of instant; empty if the contact was never saved or its last save carries none. | Second identifiant du contact, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide si le contact n'a jamais été enregistré ou si cet enregistrement n'en porte pas.
    conversations.created_ms AS created_at, -- timestamp | Created at | Créée le | Créé à | When the conversation was created, whether inside the range or not; if it was created twice, the first time counts. | Moment de création de la conversation, dans la plage ou non ; si elle a été créée deux fois, la première compte.
    last_change.agent_id AS last_status_change_agent_id, -- id | Last Status Change Agent ID | ID de l'agent du dernier changement de statut | ID du dernier agent de changement de statut | Agent named in the last change to pending or resolved, human or virtual; changes to new and csat resolves are ignored. Empty if no such change or no agent named. Links to users or virtual-agents. | Agent nommé dans le dernier passage à pending ou resolved, humain ou virtuel ; passages à new et résolutions csat ignorés. Vide sans tel passage ou sans agent nommé. Renvoie à users ou virtual-agents.
    changer.name AS last_status_change_agent_name, -- text | Last Status Change Agent Name | Nom de l'agent du dernier changement de statut | Nom du dernier agent de changement de statut | Name of the agent in Last Status Change Agent ID, as last saved up to the as-of instant; empty without an agent or if that agent was never saved. | Nom de l'agent du dernier changement de statut, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide sans agent ou si cet agent n'a jamais été enregistré.
    changer.reference AS last_status_change_agent_reference, -- text | Last Status Change Agent Reference | Référence de l'agent du dernier changement de statut | Référence du dernier agent de changement de statut | Reference (such as a staff number) of the agent in Last Status Change Agent ID, as last saved up to the as-of instant; empty without an agent or a reference. | Référence (matricule, par exemple) de l'agent du dernier changement de statut, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide sans agent ou sans référence.
    last_change.team_id AS last_status_change_team_id, -- id | Last Status Change Team ID | ID de l'équipe du dernier changement de statut | ID d'équipe du dernier changement de statut | Team named in the last change to pending or resolved; changes to new and csat resolves are ignored. Empty if no such change or no team named. Links to Team ID in teams. | Équipe nommée dans le dernier passage à pending ou resolved ; passages à new et résolutions csat ignorés. Vide sans tel passage ou sans équipe nommée. Renvoie à ID de l'équipe dans teams.
    teams.name AS last_status_change_team_name, -- text | Last Status Change Team Name | Nom de l'équipe du dernier changement de statut | Nom de l'équipe de la dernière modification | Name of the team in Last Status Change Team ID, as last saved up to the as-of instant; empty without a team or if that team was never saved. | Nom de l'équipe du dernier changement de statut, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide sans équipe ou si elle n'a jamais été enregistrée.
    coalesce(last_status.kind, 'new') AS current_status, -- enum | Current Status | Statut actuel | État actuel | Status set by the last status change up to the as-of instant: new, pending or resolved; new if there was none. Changes of cause csat are ignored. The open export shows only new and pending. | Statut issu du dernier changement à l'instant d'observation (as_of) : new, pending ou resolved ; new s'il n'y en a eu aucun. Cause csat ignorée. L'export des ouvertes ne montre que new et pending.
    CASE resolve.cause WHEN 'agent' THEN 'agent' WHEN 'bulk' THEN 'bulk_resolve' WHEN 'virtual_agent' THEN 'virtual_agent' WHEN 'automation' THEN 'system' WHEN 'auto_resolve' THEN 'system' END AS resolved_by, -- enum | Resolved By | Résolue par | Résolu par | Who made the first resolve: agent, bulk_resolve, virtual_agent, or system (automation or auto_resolve). Kept after a reopening. Empty if never resolved; csat resolves are ignored. | Auteur de la première résolution : agent, bulk_resolve, virtual_agent ou system (automation ou auto_resolve). Conservé après réouverture. Vide si jamais résolue ; résolutions csat ignorées.
    resolve.reason AS resolve_reason, -- text | Resolve Reason | Motif de résolution | Raison de résolution | Reason given with the first resolve (csat resolves ignored); later resolves do not change it. Empty if no reason was given. | Motif donné lors de la première résolution (résolutions csat ignorées) ; les suivantes n'y changent rien. Vide si aucun motif n'a été donné.
    resolve.comment AS resolve_comment, -- text | Resolve Comment | Commentaire de résolution | Résoudre le commentaire | Comment given with the first resolve (csat resolves ignored); later resolves do not change it. Empty if no comment was given. | Commentaire donné lors de la première résolution (résolutions csat ignorées) ; les suivantes n'y changent rien. Vide si aucun commentaire n'a été donné.
    CASE resolve.cause WHEN 'agent' THEN 'human_agent' WHEN 'bulk' THEN 'human_agent' ELSE resolve.cause END AS resolve_trigger, -- enum | Resolve Trigger | Déclencheur de résolution | Résoudre le déclenchement | What triggered the first resolve: human_agent (one by one or in bulk), virtual_agent, automation or auto_resolve. Csat resolves are ignored. | Ce qui a déclenché la première résolution : human_agent (à l'unité ou en masse), virtual_agent, automation ou auto_resolve. Les résolutions csat sont ignorées.
    resolve.time_ms AS resolved_at, -- timestamp | Resolved at | Résolue le | Résolu à | When the conversation was first resolved; reopenings and later resolves change nothing, csat resolves are ignored. Empty if never resolved up to the as-of instant. | Moment de la première résolution ; réouvertures et résolutions suivantes n'y changent rien, les résolutions csat sont ignorées. Vide si jamais résolue à l'instant d'observation (as_of).
    resolve.agent_id AS resolved_agent_id, -- id | Resolved Agent ID | ID de l'agent ayant résolu | ID d'agent résolu | Agent named in the first resolve, human or virtual; csat resolves are ignored. Empty if never resolved or no agent named. Links to User ID in users or Agent ID in virtual-agents. | Agent nommé dans la première résolution, humain ou virtuel ; résolutions csat ignorées. Vide si jamais résolue ou sans agent nommé. Renvoie à users ou virtual-agents.
    resolver.name AS resolved_agent_name, -- text | Resolved Agent Name | Nom de l'agent ayant résolu | Nom de l'agent résolu | Name of the agent in Resolved Agent ID, as last saved up to the as-of instant; empty without an agent or if that agent was never saved. | Nom de l'agent ayant résolu, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide sans agent ou si cet agent n'a jamais été enregistré.
    resolver.reference AS resolved_agent_reference, -- text | Resolved Agent Reference | Référence de l'agent ayant résolu | Référence de l'agent résolu | Reference (such as a staff number) of the agent in Resolved Agent ID, as last saved up to the as-of instant; empty without an agent or a reference. | Référence (matricule, par exemple) de l'agent ayant résolu, selon son dernier enregistrement à l'instant d'observation (as_of) ; vide sans agent ou sans référence.
    coalesce(marks.inbound_messages, 0) AS inbound_messages, -- integer messages | Number of Inbound Messages | Nombre de messages entrants | Nombre de messages entrants | Messages from the contact over the whole conversation up to the as-of instant, not cut at the range; deleted ones included. 0 if none. | Messages reçus du contact sur toute la conversation jusqu'à l'instant d'observation (as_of), sans coupe à la plage ; messages supprimés inclus. 0 s'il n'y en a pas.
    coalesce(marks.outbound_messages, 0) AS outbound_messages, -- integer messages | Number of Outbound Messages | Nombre de messages sortants | Nombre de messages sortants | Messages sent to the contact, of every outbound type (virtual agents, surveys and proactive ones too), over the whole conversation up to the as-of instant, not cut at the range; deleted ones included. | Messages envoyés au contact, tous types confondus (agents virtuels, enquêtes, proactifs aussi), sur toute la conversation jusqu'à l'instant d'observation (as_of), sans coupe à la plage ; supprimés inclus.
    (first_responses.response_ms + 500) // 1000 AS first_response_time, -- duration | First Response Time (s) | Délai de première réponse (s) | Délai (s) de première réponse | Business-hours time from the first inbound message, or the last hand-over before the reply if later, to the first agent reply after that inbound. Empty without one, 0 if all outside opening hours. | Temps, en heures d'ouverture, du premier message entrant (ou du dernier transfert avant la réponse, s'il est plus tardif) à la première réponse d'agent qui suit. Vide sans réponse, 0 si tout est hors ouverture.
    CASE WHEN measured_channels.channel_id IS NOT NULL THEN (coalesce(lock_times.handle_ms, 0) + 500) // 1000 END AS handle_time, -- duration | Handle Time (s) | Temps de traitement (s) | Temps de poignée (s) | Length of the lock sessions in which the holder sent an agent reply; ended sessions only, up to the as-of instant, not cut at the range. 0 if none; empty if the channel reports no locks. | Durée des verrouillages où leur détenteur a envoyé une réponse d'agent ; terminés seulement, jusqu'à l'instant d'observation (as_of), sans coupe à la plage. 0 si aucun ; vide si le canal n'en transmet pas.
    CASE WHEN measured_channels.channel_id IS NOT NULL THEN (coalesce(lock_times.no_response_ms, 0) + 500) // 1000 END AS no_response_time, -- duration | No Response Time (s) | Temps sans réponse (s) | Temps de non-réponse (s) | Length of the lock sessions in which the holder resolved (cause agent, not bulk) without replying; ended ones up to the as-of instant, not cut at the range. 0 if none; empty if the channel reports no locks. | Durée des verrouillages où leur détenteur a résolu (cause agent, pas bulk) sans répondre ; terminés à l'instant d'observation (as_of), sans coupe à la plage. 0 si aucun ; vide si le canal n'en transmet pas.
    CASE WHEN measured_channels.channel_id IS NOT NULL THEN (coalesce(lock_times.cherry_picking_ms, 0) + 500) // 1000 END AS cherry_picking_time, -- duration | Cherry Picking Time (s) | Temps de consultation sans suite (s) | Temps (s) de cueillette des cerises | Length of the lock sessions in which the holder neither replied nor resolved (cause agent); ended ones up to the as-of instant, not cut at the range. 0 if none; empty if the channel reports no locks. | Durée des verrouillages où leur détenteur n'a ni répondu ni résolu (cause agent) ; terminés à l'instant d'observation (as_of), sans coupe à la plage. 0 si aucun ; vide si le canal n'en transmet pas.
    CASE WHEN marks.first_inbound < marks.first_resolve THEN (resolve.time_ms - marks.first_inbound_ms + 500) // 1000 END AS resolution_time, -- duration | Resolution Time (s) | Temps de résolution (s) | Temps de résolution (s) | Wall-clock time from the first inbound message to the first resolve, closed hours included; later resolves and csat resolves do not count. Empty if never resolved or no inbound came before. | Temps écoulé du premier message entrant à la première résolution, heures de fermeture incluses ; résolutions suivantes et csat ignorées. Vide si jamais résolue ou sans message entrant avant.
    topic_lists.topic_ids AS topic_ids, -- id-list | Topic IDs | ID des sujets | ID de sujet | Topics on the conversation at the as-of instant: last applied and not removed, and not deleted since; in the order of their last application. Links to Topic ID in topics. Empty if none. | Sujets portés par la conversation à l'instant d'observation (as_of) : appliqués, ni retirés ni supprimés depuis, dans l'ordre de leur dernière application. Renvoie à topics. Vide si aucun.
    topic_lists.topic_names AS topic_names, -- text-list | Topic Names | Noms des sujets | Noms des sujets | Names of the topics in Topic IDs, in the same order, as last saved up to the as-of instant; an empty item for a topic that was never saved. | Noms des sujets de la colonne ID des sujets, dans le même ordre, selon leur dernier enregistrement à l'instant d'observation (as_of) ; élément vide pour un sujet jamais enregistré.
    conversation_urls.url AS conversation_url, -- url | Conversation URL | URL de la conversation | URL de conversation | Link to the conversation in the source system, the last one known at the as-of instant; empty if none was ever given. | Lien vers la conversation dans le système source, le dernier connu à l'instant d'observation (as_of) ; vide si aucun n'a été donné.
    conversation_activity.last_updated_ms AS last_updated, -- timestamp | Last Updated | Dernière mise à jour | Dernière mise à jour | Time of the last event of the conversation, its messages, tags, topics or surveys up to the as-of instant; a csat resolve counts here, locks and unlocks do not. | Moment du dernier événement de la conversation, de ses messages, balises, sujets ou enquêtes à l'instant d'observation (as_of) ; une résolution csat compte ici, les verrouillages non.
    conversation_urls.language AS language, -- text | Language | Langue | Langue | Language of the conversation in the source's own words, the last one known at the as-of instant; empty if none was ever given. | Langue de la conversation telle que la source l'écrit, la dernière connue à l'instant d'observation (as_of) ; vide si aucune n'a été donnée.
    last_survey.score AS csat_score, -- integer 1-5 | CSAT Score | Score CSAT | Score CSAT | Score, 1 to 5, of the last answer up to the as-of instant to the conversation's last survey (the one whose first event is latest). Empty without a survey or while it is unanswered. | Note, de 1 à 5, de la dernière réponse à l'instant d'observation (as_of) à la dernière enquête de la conversation (celle dont le premier événement est le plus tardif). Vide sans enquête ou sans réponse.
    last_survey.state AS csat_completed_state, -- enum | CSAT Completed State | État de l'enquête CSAT | État CSAT terminé | State of the conversation's last survey: completed (last answer has a follow-up text), scored (answered without one), timed_out (expired unanswered) or sent. Empty without a survey. | État de la dernière enquête de la conversation : completed (dernière réponse avec texte de suivi), scored (répondue sans texte), timed_out (expirée sans réponse) ou sent. Vide sans enquête.
    last_survey.follow_up_question AS csat_follow_up_question, -- text | CSAT Follow-up Question | Question de suivi CSAT | Question de suivi CSAT | Follow-up question carried by the last answer to the conversation's last survey, up to the as-of instant; empty without an answer or a question. | Question de suivi portée par la dernière réponse à la dernière enquête de la conversation, à l'instant d'observation (as_of) ; vide sans réponse ou sans question.
    last_survey.follow_up_response AS csat_follow_up_response -- text | CSAT Follow-up Response | Réponse de suivi CSAT | Réponse de suivi CSAT | Free text the contact added in the last answer to the conversation's last survey, up to the as-of instant; empty without an answer or a text. | Texte libre ajouté par le contact dans la dernière réponse à la dernière enquête de la conversation, à l'instant d'observation (as_of) ; vide sans réponse ou sans texte.
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
