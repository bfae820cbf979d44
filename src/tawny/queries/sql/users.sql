-- title: Users
-- One row per human agent who was present or did something that is counted, by User ID.
-- place: 9
-- range: required
-- order: key
-- key: user_id
-- right: presence
-- never empty: resolves_with_response, resolves_without_response, contacts_helped, csat_score_1,
--   csat_score_2, csat_score_3, csat_score_4, csat_score_5, tags_added, topics_added, replies
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
    /* id | User ID
       Identifies the human agent; one row per agent present or counted in the range, never a
       virtual one. Links to User ID in user-presence, Agent ID in messages and Response Agent ID
       in response-times. */
    people.agent_id AS user_id,
    /* text | User Name
       Name of the agent, as last saved up to the as-of instant; empty if the agent was never
       saved. */
    agents.name AS user_name,
    /* text | User Email
       E-mail address of the agent, as last saved up to the as-of instant; empty if the agent was
       never saved or has none. */
    agents.email AS user_email,
    /* identifier | User Reference
       Reference of the agent (such as a staff number), as last saved up to the as-of instant;
       empty if the agent was never saved or has none. */
    agents.reference AS user_reference,
    /* duration | Available Time (s)
       Time with presence available, cut to the range and to the as-of instant; all channels,
       whatever the request. 0 if none; empty if nobody's presence was ever reported. */
    CASE
        WHEN presence_measurement.is_measured
            THEN (coalesce(presence_totals.available_ms, 0) + 500) // 1000
    END AS available_time,
    /* duration | Away Time (s)
       Time with presence away, in any away state, cut to the range and to the as-of instant; all
       channels, whatever the request. 0 if none; empty if nobody's presence was ever reported. */
    CASE
        WHEN presence_measurement.is_measured
            THEN (coalesce(presence_totals.away_ms, 0) + 500) // 1000
    END AS away_time,
    /* integer contacts | Contacts Helped
       Distinct contacts of the conversations in which the agent sent an agent reply in the range
       (messages of type agent). 0 if none. */
    coalesce(work.contacts_helped, 0) AS contacts_helped,
    /* duration | Avg. Handle Time (s)
       Mean full length, before the range too, of the agent's locks with an agent reply by the
       agent that end in the range; zero lengths and erased contacts included. Empty if none or no
       requested channel reports locks. */
    CASE
        WHEN lock_measurement.is_measured AND work.ended_handles > 0
            THEN (2 * work.ended_handle_ms + 1000 * work.ended_handles)
                // (2000 * work.ended_handles)
    END AS average_handle_time,
    /* duration | Handle Time (s)
       Length of the agent's locks in which the agent sent an agent reply, cut to the range; ended
       ones only, erased contacts included. 0 if none; empty if no requested channel reports
       locks. */
    CASE
        WHEN lock_measurement.is_measured THEN (coalesce(work.handle_ms, 0) + 500) // 1000
    END AS handle_time,
    /* duration | No Response Time (s)
       Length of the agent's locks in which the agent resolved (cause agent) without replying, cut
       to the range; ended ones only, erased contacts included. 0 if none; empty if no requested
       channel reports locks. */
    CASE
        WHEN lock_measurement.is_measured THEN (coalesce(work.no_response_ms, 0) + 500) // 1000
    END AS no_response_time,
    /* duration | Cherry Picking Time (s)
       Length of the agent's locks in which the agent neither replied nor resolved (cause agent),
       cut to the range; ended ones only, erased contacts included. 0 if none; empty if no
       requested channel reports locks. */
    CASE
        WHEN lock_measurement.is_measured THEN (coalesce(work.cherry_picking_ms, 0) + 500) // 1000
    END AS cherry_picking_time,
    /* integer messages | Replies
       Agent replies (outbound messages of type agent) by the agent created in the range; deleted
       ones included. 0 if none. */
    coalesce(work.replies, 0) AS replies,
    /* integer conversations | Resolves - With Response
       Conversations resolved by the agent in the range (causes agent and bulk, agent of the
       status change), each once, with an agent reply by anybody before the last of these
       resolves. 0 if none. */
    coalesce(work.resolves_with_response, 0) AS resolves_with_response,
    /* integer conversations | Resolves - No Response
       Conversations resolved by the agent in the range (causes agent and bulk, agent of the
       status change), each once, without any agent reply before the last of these resolves. 0 if
       none. */
    coalesce(work.resolves_without_response, 0) AS resolves_without_response,
    /* integer tags | Tags Added
       Tag applications by the agent in the range; applying one again counts again, later
       removals, deleted tags and deleted messages change nothing. 0 if none. */
    coalesce(work.tags_added, 0) AS tags_added,
    /* integer topics | Topics Added
       Topic applications by the agent in the range; applying one again counts again, later
       removals and deleted topics change nothing. 0 if none. */
    coalesce(work.topics_added, 0) AS topics_added,
    /* percent | Utilization (%)
       100 x (handle and no-response lock time that is also available time, in the range) /
       Available Time, from milliseconds. Empty without available time or if no requested channel
       reports locks. */
    CASE
        WHEN lock_measurement.is_measured AND presence_totals.available_ms > 0
            THEN ((2000 * coalesce(busy_totals.busy_ms, 0) + presence_totals.available_ms)
                // (2 * presence_totals.available_ms)) / 10
    END AS utilization,
    /* integer surveys | CSAT With Score 1
       Surveys first answered in the range, scored 1 by the last answer up to the as-of instant,
       credited to the agent of the last human resolve (agent, bulk) before it was sent (if never,
       before that first answer). */
    coalesce(work.csat_1, 0) AS csat_score_1,
    /* integer surveys | CSAT With Score 2
       Surveys first answered in the range, scored 2 by the last answer up to the as-of instant,
       credited to the agent of the last human resolve (agent, bulk) before it was sent (if never,
       before that first answer). */
    coalesce(work.csat_2, 0) AS csat_score_2,
    /* integer surveys | CSAT With Score 3
       Surveys first answered in the range, scored 3 by the last answer up to the as-of instant,
       credited to the agent of the last human resolve (agent, bulk) before it was sent (if never,
       before that first answer). */
    coalesce(work.csat_3, 0) AS csat_score_3,
    /* integer surveys | CSAT With Score 4
       Surveys first answered in the range, scored 4 by the last answer up to the as-of instant,
       credited to the agent of the last human resolve (agent, bulk) before it was sent (if never,
       before that first answer). */
    coalesce(work.csat_4, 0) AS csat_score_4,
    /* integer surveys | CSAT With Score 5
       Surveys first answered in the range, scored 5 by the last answer up to the as-of instant,
       credited to the agent of the last human resolve (agent, bulk) before it was sent (if never,
       before that first answer). */
    coalesce(work.csat_5, 0) AS csat_score_5
FROM people
CROSS JOIN presence_measurement
CROSS JOIN lock_measurement
LEFT JOIN work_totals AS work ON work.owner_type = 'agent' AND work.owner_id = people.agent_id
LEFT JOIN agents ON agents.agent_id = people.agent_id
LEFT JOIN presence_totals ON presence_totals.agent_id = people.agent_id
LEFT JOIN busy_totals ON busy_totals.agent_id = people.agent_id
WHERE people.agent_id NOT IN (SELECT agent_id FROM virtual_agents)
ORDER BY people.agent_id
