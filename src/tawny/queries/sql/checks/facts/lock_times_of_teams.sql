-- Lock time by kind, in milliseconds: of each team, and what names no team.
SELECT 'handle' AS kind, handle_ms AS ms
FROM work_totals
WHERE owner_type = 'team'
UNION ALL
SELECT 'no_response' AS kind, no_response_ms AS ms
FROM work_totals
WHERE owner_type = 'team'
UNION ALL
SELECT 'cherry_picking' AS kind, cherry_picking_ms AS ms
FROM work_totals
WHERE owner_type = 'team'
UNION ALL
SELECT what AS kind, amount AS ms
FROM work_items
WHERE team_id IS NULL AND what IN ('handle', 'no_response', 'cherry_picking')
