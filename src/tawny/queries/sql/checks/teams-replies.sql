-- The Replies of each team are the agent replies with this team in messages.
WITH counted AS (
    SELECT team_id, replies AS shown, 0 AS sent
    FROM teams_whole
    UNION ALL
    SELECT team_id, 0 AS shown, 1 AS sent
    FROM messages_whole
    WHERE outbound_message_type = 'agent' AND team_id IS NOT NULL
),

per_team AS (
    SELECT team_id, sum(shown) AS shown, sum(sent) AS sent
    FROM counted
    GROUP BY team_id
)

SELECT
    team_id AS row_key,
    shown AS compared_left,
    sent AS compared_right,
    CASE WHEN shown <> sent THEN 1 ELSE 0 END AS broken
FROM per_team
