-- The work of each agent and each team in the range, added up.
WITH owned AS (
    SELECT
        'agent' AS owner_type, agent_id AS owner_id, what, conversation_id, contact_id, time_ms,
        amount, has_response
    FROM work_items
    WHERE agent_id IS NOT NULL
    UNION ALL
    SELECT
        'team' AS owner_type, team_id AS owner_id, what, conversation_id, contact_id, time_ms,
        amount, has_response
    FROM work_items
    WHERE team_id IS NOT NULL
),

resolved AS (
    -- Each conversation once, judged at its last human resolve by this owner: whether a reply came
    -- before can only change from no to yes.
    SELECT owner_type, owner_id, conversation_id, bool_or(has_response) AS has_response
    FROM owned
    WHERE what = 'resolve'
    GROUP BY owner_type, owner_id, conversation_id
),

resolves AS (
    SELECT
        owner_type, owner_id,
        sum(CASE WHEN has_response THEN 1 ELSE 0 END) AS with_response,
        sum(CASE WHEN has_response THEN 0 ELSE 1 END) AS without_response
    FROM resolved
    GROUP BY owner_type, owner_id
),

totals AS (
    SELECT
        owner_type, owner_id,
        min(CASE WHEN what = 'reply' THEN time_ms END) AS first_reply_ms,
        sum(CASE WHEN what = 'reply' THEN 1 ELSE 0 END) AS replies,
        count(DISTINCT CASE WHEN what = 'reply' THEN contact_id END) AS contacts_helped,
        sum(CASE WHEN what = 'first_response' THEN amount ELSE 0 END) AS first_response_ms,
        sum(CASE WHEN what = 'first_response' THEN 1 ELSE 0 END) AS first_responses,
        sum(CASE WHEN what = 'resolution' THEN amount ELSE 0 END) AS resolution_ms,
        sum(CASE WHEN what = 'resolution' THEN 1 ELSE 0 END) AS resolutions,
        sum(CASE WHEN what = 'handle' THEN amount ELSE 0 END) AS handle_ms,
        sum(CASE WHEN what = 'no_response' THEN amount ELSE 0 END) AS no_response_ms,
        sum(CASE WHEN what = 'cherry_picking' THEN amount ELSE 0 END) AS cherry_picking_ms,
        sum(CASE WHEN what = 'handle_ended' THEN amount ELSE 0 END) AS ended_handle_ms,
        sum(CASE WHEN what = 'handle_ended' THEN 1 ELSE 0 END) AS ended_handles,
        sum(CASE WHEN what = 'survey' AND amount = 1 THEN 1 ELSE 0 END) AS csat_1,
        sum(CASE WHEN what = 'survey' AND amount = 2 THEN 1 ELSE 0 END) AS csat_2,
        sum(CASE WHEN what = 'survey' AND amount = 3 THEN 1 ELSE 0 END) AS csat_3,
        sum(CASE WHEN what = 'survey' AND amount = 4 THEN 1 ELSE 0 END) AS csat_4,
        sum(CASE WHEN what = 'survey' AND amount = 5 THEN 1 ELSE 0 END) AS csat_5,
        sum(CASE WHEN what = 'tag.applied' THEN 1 ELSE 0 END) AS tags_added,
        sum(CASE WHEN what = 'topic.applied' THEN 1 ELSE 0 END) AS topics_added
    FROM owned
    GROUP BY owner_type, owner_id
)

SELECT
    totals.owner_type, totals.owner_id, totals.first_reply_ms, totals.replies,
    totals.contacts_helped,
    CAST(totals.first_response_ms AS BIGINT) AS first_response_ms, totals.first_responses,
    CAST(totals.resolution_ms AS BIGINT) AS resolution_ms, totals.resolutions,
    CAST(totals.handle_ms AS BIGINT) AS handle_ms,
    CAST(totals.no_response_ms AS BIGINT) AS no_response_ms,
    CAST(totals.cherry_picking_ms AS BIGINT) AS cherry_picking_ms,
    CAST(totals.ended_handle_ms AS BIGINT) AS ended_handle_ms, totals.ended_handles,
    totals.csat_1, totals.csat_2, totals.csat_3, totals.csat_4, totals.csat_5,
    totals.tags_added, totals.topics_added,
    coalesce(resolves.with_response, 0) AS resolves_with_response,
    coalesce(resolves.without_response, 0) AS resolves_without_response
FROM totals
LEFT JOIN resolves
    ON resolves.owner_type = totals.owner_type AND resolves.owner_id = totals.owner_id
