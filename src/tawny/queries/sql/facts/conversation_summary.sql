-- One row per conversation in scope with every value the two conversation exports show.
WITH marks AS (
    SELECT
        /* evidence */ min(CASE WHEN kind = 'inbound' THEN event END) AS first_inbound_event,
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
        labelled_id AS conversation_id,
        array_agg(label_id ORDER BY time_ms, sequence, source, id) AS topic_ids,
        array_agg(coalesce(label_name, '') ORDER BY time_ms, sequence, source, id) AS topic_names
    FROM applied_labels
    GROUP BY labelled_id
),

last_survey AS (
    SELECT
        /* evidence */ survey_id,
        conversation_id, score, state, follow_up_question, follow_up_response
    FROM (
        SELECT
            /* evidence */ survey_id,
            conversation_id, score, state, follow_up_question, follow_up_response,
            row_number() OVER (PARTITION BY conversation_id ORDER BY nth DESC) AS newest
        FROM surveys
    ) AS ranked
    WHERE newest = 1
)

SELECT
    /* evidence */ resolve.event AS resolve_event, last_change.event AS last_change_event,
    /* evidence */ last_status.event AS last_status_event, marks.first_inbound_event,
    /* evidence */ last_survey.survey_id AS last_survey_id,
    /* id | Conversation ID
       Identifies the conversation; one row per conversation. Links to Conversation ID in messages
       and response-times. */
    conversations.conversation_id AS conversation_id,
    channels.medium AS medium,
    channels.name AS channel,
    channels.display_name AS channel_display_name,
    /* id | Contact Profile ID
       Contact of the conversation, as given when it was created. Links to Contact Profile ID in
       contacts, messages, response-times and contact-attributes. */
    conversations.contact_id AS contact_profile_id,
    contact_names.primary_identifier AS contact_primary_identifier,
    contact_names.secondary_identifier AS contact_secondary_identifier,
    /* timestamp | Created at
       When the conversation was created, whether inside the range or not; if it was created
       twice, the first time counts. */
    conversations.created_ms AS created_at,
    /* id | Last Status Change Agent ID
       Agent named in the last change to pending or resolved, human or virtual; changes to new and
       csat resolves are ignored. Empty if no such change or no agent named. Links to users or
       virtual-agents. */
    last_change.agent_id AS last_status_change_agent_id,
    /* text | Last Status Change Agent Name
       Name of the agent in Last Status Change Agent ID, as last saved up to the as-of instant;
       empty without an agent or if that agent was never saved. */
    changer.name AS last_status_change_agent_name,
    /* identifier | Last Status Change Agent Reference
       Reference (such as a staff number) of the agent in Last Status Change Agent ID, as last
       saved up to the as-of instant; empty without an agent or a reference. */
    changer.reference AS last_status_change_agent_reference,
    /* id | Last Status Change Team ID
       Team named in the last change to pending or resolved; changes to new and csat resolves are
       ignored. Empty if no such change or no team named. Links to Team ID in teams. */
    last_change.team_id AS last_status_change_team_id,
    /* text | Last Status Change Team Name
       Name of the team in Last Status Change Team ID, as last saved up to the as-of instant;
       empty without a team or if that team was never saved. */
    teams.name AS last_status_change_team_name,
    /* enum | Current Status
       Status set by the last status change up to the as-of instant: new, pending or resolved; new
       if there was none. Changes of cause csat are ignored. The open export shows only new and
       pending. */
    coalesce(last_status.kind, 'new') AS current_status,
    /* enum | Resolved By
       Who made the first resolve: agent, bulk_resolve, virtual_agent, or system (automation or
       auto_resolve). Kept after a reopening. Empty if never resolved or if nobody recorded the
       cause (unknown); csat resolves are ignored. */
    CASE resolve.cause
        WHEN 'agent' THEN 'agent'
        WHEN 'bulk' THEN 'bulk_resolve'
        WHEN 'virtual_agent' THEN 'virtual_agent'
        WHEN 'automation' THEN 'system'
        WHEN 'auto_resolve' THEN 'system'
    END AS resolved_by,
    /* text | Resolve Reason
       Reason given with the first resolve (csat resolves ignored); later resolves do not change
       it. Empty if no reason was given. */
    resolve.reason AS resolve_reason,
    /* text | Resolve Comment
       Comment given with the first resolve (csat resolves ignored); later resolves do not change
       it. Empty if no comment was given. */
    resolve.comment AS resolve_comment,
    /* enum | Resolve Trigger
       What triggered the first resolve: human_agent (one by one or in bulk), virtual_agent,
       automation or auto_resolve. Empty if nobody recorded the cause (unknown); csat resolves are
       ignored. */
    CASE resolve.cause
        WHEN 'agent' THEN 'human_agent'
        WHEN 'bulk' THEN 'human_agent'
        WHEN 'virtual_agent' THEN 'virtual_agent'
        WHEN 'automation' THEN 'automation'
        WHEN 'auto_resolve' THEN 'auto_resolve'
    END AS resolve_trigger,
    /* timestamp | Resolved at
       When the conversation was first resolved; reopenings and later resolves change nothing,
       csat resolves are ignored. Empty if never resolved up to the as-of instant. */
    resolve.time_ms AS resolved_at,
    /* id | Resolved Agent ID
       Agent named in the first resolve, human or virtual; csat resolves are ignored. Empty if
       never resolved or no agent named. Links to User ID in users or Agent ID in virtual-agents. */
    resolve.agent_id AS resolved_agent_id,
    /* text | Resolved Agent Name
       Name of the agent in Resolved Agent ID, as last saved up to the as-of instant; empty
       without an agent or if that agent was never saved. */
    resolver.name AS resolved_agent_name,
    /* identifier | Resolved Agent Reference
       Reference (such as a staff number) of the agent in Resolved Agent ID, as last saved up to
       the as-of instant; empty without an agent or a reference. */
    resolver.reference AS resolved_agent_reference,
    /* integer messages | Number of Inbound Messages
       Messages from the contact over the whole conversation up to the as-of instant, not cut at
       the range; deleted ones included. 0 if none. */
    coalesce(marks.inbound_messages, 0) AS inbound_messages,
    /* integer messages | Number of Outbound Messages
       Messages sent to the contact, of every outbound type (virtual agents, surveys and proactive
       ones too), over the whole conversation up to the as-of instant, not cut at the range;
       deleted ones included. */
    coalesce(marks.outbound_messages, 0) AS outbound_messages,
    /* duration | First Response Time (s)
       Business-hours time from the first inbound message, or the last hand-over before the reply
       if later, to the first agent reply after that inbound. Empty without one, 0 if all outside
       opening hours. */
    (first_responses.response_ms + 500) // 1000 AS first_response_time,
    /* duration | Handle Time (s)
       Length of the lock sessions in which the holder sent an agent reply; ended sessions only,
       up to the as-of instant, not cut at the range. 0 if none; empty if the channel reports no
       locks. */
    CASE
        WHEN measured_channels.channel_id IS NOT NULL
            THEN (coalesce(lock_times.handle_ms, 0) + 500) // 1000
    END AS handle_time,
    /* duration | No Response Time (s)
       Length of the lock sessions in which the holder resolved (cause agent, not bulk) without
       replying; ended ones up to the as-of instant, not cut at the range. 0 if none; empty if the
       channel reports no locks. */
    CASE
        WHEN measured_channels.channel_id IS NOT NULL
            THEN (coalesce(lock_times.no_response_ms, 0) + 500) // 1000
    END AS no_response_time,
    /* duration | Cherry Picking Time (s)
       Length of the lock sessions in which the holder neither replied nor resolved (cause agent);
       ended ones up to the as-of instant, not cut at the range. 0 if none; empty if the channel
       reports no locks. */
    CASE
        WHEN measured_channels.channel_id IS NOT NULL
            THEN (coalesce(lock_times.cherry_picking_ms, 0) + 500) // 1000
    END AS cherry_picking_time,
    /* duration | Resolution Time (s)
       Wall-clock time from the first inbound message to the first resolve, closed hours included;
       later resolves and csat resolves do not count. Empty if never resolved or no inbound came
       before. */
    CASE
        WHEN marks.first_inbound < marks.first_resolve
            THEN (resolve.time_ms - marks.first_inbound_ms + 500) // 1000
    END AS resolution_time,
    /* id-list | Topic IDs
       Topics on the conversation at the as-of instant: last applied and not removed, and not
       deleted since; in the order of their last application. Links to Topic ID in topics. Empty
       if none. */
    topic_lists.topic_ids AS topic_ids,
    /* text-list | Topic Names
       Names of the topics in Topic IDs, in the same order, as last saved up to the as-of instant;
       an empty item for a topic that was never saved. */
    topic_lists.topic_names AS topic_names,
    conversations.url AS conversation_url,
    /* timestamp | Last Updated
       Time of the last event of the conversation, its messages, tags, topics or surveys up to the
       as-of instant; a csat resolve counts here, locks and unlocks do not. */
    conversation_activity.last_updated_ms AS last_updated,
    /* text | Language
       Language of the conversation in the source's own words, the last one known at the as-of
       instant; empty if none was ever given. */
    conversations.language AS language,
    /* integer 1-5 | CSAT Score
       Score, 1 to 5, of the last answer up to the as-of instant to the conversation's last survey
       (the one whose first event is latest). Empty without a survey or while it is unanswered. */
    last_survey.score AS csat_score,
    /* enum | CSAT Completed State
       State of the conversation's last survey: completed (last answer has a follow-up text),
       scored (answered without one), timed_out (expired unanswered) or sent. Empty without a
       survey. */
    last_survey.state AS csat_completed_state,
    /* text | CSAT Follow-up Question
       Follow-up question carried by the last answer to the conversation's last survey, up to the
       as-of instant; empty without an answer or a question. */
    last_survey.follow_up_question AS csat_follow_up_question,
    /* text | CSAT Follow-up Response
       Free text the contact added in the last answer to the conversation's last survey, up to the
       as-of instant; empty without an answer or a text. */
    last_survey.follow_up_response AS csat_follow_up_response
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
LEFT JOIN conversation_activity
    ON conversation_activity.conversation_id = conversations.conversation_id
LEFT JOIN last_survey ON last_survey.conversation_id = conversations.conversation_id
