-- title: Teams
-- One row per team with an agent reply in the range, by Team ID.
-- place: 4
-- range: required
-- order: key
-- key: team_id
-- never empty: created_at, resolves_with_response, resolves_without_response, contacts_helped,
--   csat_score_1, csat_score_2, csat_score_3, csat_score_4, csat_score_5, tags_added,
--   topics_added, replies
WITH scope AS (
    SELECT conversation_id FROM active_conversations
)

SELECT
    /* timestamp | Created at
       First agent reply in the range that names the team; not the day the team was set up. */
    work.first_reply_ms AS created_at,
    /* id | Team ID
       Identifies the team; one row per team with an agent reply in the range. Links to Team ID in
       messages and Last Status Change Team ID in both conversation exports. */
    work.owner_id AS team_id,
    /* text | Team Name
       Name of the team, as last saved up to the as-of instant; empty if it was never saved. */
    teams.name AS team_name,
    /* integer conversations | Resolves With Response
       Conversations resolved by the team in the range (causes agent and bulk, team of the status
       change), each once, with an agent reply by anybody before the last of these resolves. 0 if
       none. */
    work.resolves_with_response AS resolves_with_response,
    /* integer conversations | Resolves Without Response
       Conversations resolved by the team in the range (causes agent and bulk, team of the status
       change), each once, without any agent reply before the last of these resolves. 0 if none. */
    work.resolves_without_response AS resolves_without_response,
    /* duration | Average First Response Time
       Mean first response time (business hours, as in the conversation exports) over
       conversations whose first response lies in the range and names the team; zeros included.
       Empty if none. */
    CASE
        WHEN work.first_responses > 0
            THEN (2 * work.first_response_ms + 1000 * work.first_responses)
                // (2000 * work.first_responses)
    END AS average_first_response_time,
    /* duration | Average Resolution Time
       Mean resolution time (wall clock) over conversations whose first resolve lies in the range,
       has cause agent or bulk and names the team; those without an inbound before it are left
       out. Empty if none. */
    CASE
        WHEN work.resolutions > 0
            THEN (2 * work.resolution_ms + 1000 * work.resolutions) // (2000 * work.resolutions)
    END AS average_resolution_time,
    /* duration | Total Handle Time
       Length of locks that name the team in which the holder sent an agent reply, cut to the
       range; ended ones only, erased contacts included. 0 if none; empty if no requested channel
       reports locks. */
    CASE WHEN lock_measurement.is_measured THEN (work.handle_ms + 500) // 1000 END AS handle_time,
    /* duration | Total No Response Time
       Length of locks that name the team in which the holder resolved (cause agent) without
       replying, cut to the range; ended ones only, erased contacts included. 0 if none; empty if
       no requested channel reports locks. */
    CASE
        WHEN lock_measurement.is_measured THEN (work.no_response_ms + 500) // 1000
    END AS no_response_time,
    /* duration | Total Cherry Picking Time
       Length of locks that name the team in which the holder neither replied nor resolved (cause
       agent), cut to the range; ended ones only, erased contacts included. 0 if none; empty if no
       requested channel reports locks. */
    CASE
        WHEN lock_measurement.is_measured THEN (work.cherry_picking_ms + 500) // 1000
    END AS cherry_picking_time,
    /* duration | Average Handle Time
       Mean full length, before the range too, of locks that name the team with an agent reply by
       the holder that end in the range; zero lengths and erased contacts included. Empty if none
       or no requested channel reports locks. */
    CASE
        WHEN lock_measurement.is_measured AND work.ended_handles > 0
            THEN (2 * work.ended_handle_ms + 1000 * work.ended_handles)
                // (2000 * work.ended_handles)
    END AS average_handle_time,
    /* integer contacts | Contacts Helped
       Distinct contacts of the conversations in which an agent reply with this team was sent in
       the range, whoever sent it. */
    work.contacts_helped AS contacts_helped,
    /* integer surveys | CSAT With Score 1
       Surveys first answered in the range, scored 1 by the last answer up to the as-of instant,
       credited to the team of the last human resolve (agent, bulk) before it was sent (if never,
       before that first answer). */
    work.csat_1 AS csat_score_1,
    /* integer surveys | CSAT With Score 2
       Surveys first answered in the range, scored 2 by the last answer up to the as-of instant,
       credited to the team of the last human resolve (agent, bulk) before it was sent (if never,
       before that first answer). */
    work.csat_2 AS csat_score_2,
    /* integer surveys | CSAT With Score 3
       Surveys first answered in the range, scored 3 by the last answer up to the as-of instant,
       credited to the team of the last human resolve (agent, bulk) before it was sent (if never,
       before that first answer). */
    work.csat_3 AS csat_score_3,
    /* integer surveys | CSAT With Score 4
       Surveys first answered in the range, scored 4 by the last answer up to the as-of instant,
       credited to the team of the last human resolve (agent, bulk) before it was sent (if never,
       before that first answer). */
    work.csat_4 AS csat_score_4,
    /* integer surveys | CSAT With Score 5
       Surveys first answered in the range, scored 5 by the last answer up to the as-of instant,
       credited to the team of the last human resolve (agent, bulk) before it was sent (if never,
       before that first answer). */
    work.csat_5 AS csat_score_5,
    /* integer tags | Tags Added
       Tag applications in the range by human agents, with this team; applying one again counts
       again, later removals change nothing. Left out: virtual agents, applications without an
       agent. */
    work.tags_added AS tags_added,
    /* integer topics | Topics Added
       Topic applications in the range by human agents, with this team; applying one again counts
       again, later removals change nothing. Left out: virtual agents, applications without an
       agent. */
    work.topics_added AS topics_added,
    /* integer messages | Replies
       Agent replies (outbound messages of type agent) created in the range with this team,
       whoever sent them; deleted ones included. At least 1. */
    work.replies AS replies
FROM work_totals AS work
CROSS JOIN lock_measurement
LEFT JOIN teams ON teams.team_id = work.owner_id
WHERE work.owner_type = 'team' AND work.replies > 0
ORDER BY work.owner_id
