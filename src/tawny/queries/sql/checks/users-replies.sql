-- The Replies of each user are the replies by this agent in messages; virtual agents are no users.
WITH counted AS (
    SELECT user_id AS agent_id, replies AS shown, 0 AS sent
    FROM users_whole
    WHERE replies > 0
    UNION ALL
    SELECT agent_id, 0 AS shown, 1 AS sent
    FROM messages_whole
    WHERE outbound_message_type = 'agent'
        AND agent_id IS NOT NULL
        AND agent_id NOT IN (SELECT agent_id FROM virtual_people)
),

per_agent AS (
    SELECT agent_id, sum(shown) AS shown, sum(sent) AS sent
    FROM counted
    GROUP BY agent_id
)

SELECT
    agent_id AS row_key,
    shown AS compared_left,
    sent AS compared_right,
    CASE WHEN shown <> sent THEN 1 ELSE 0 END AS broken
FROM per_agent
