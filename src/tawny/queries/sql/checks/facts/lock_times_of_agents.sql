-- Lock time of human agents by kind, in milliseconds.
SELECT owner_id AS agent_id, 'handle' AS kind, handle_ms AS ms
FROM work_totals
WHERE owner_type = 'agent'
UNION ALL
SELECT owner_id AS agent_id, 'no_response' AS kind, no_response_ms AS ms
FROM work_totals
WHERE owner_type = 'agent'
UNION ALL
SELECT owner_id AS agent_id, 'cherry_picking' AS kind, cherry_picking_ms AS ms
FROM work_totals
WHERE owner_type = 'agent'
