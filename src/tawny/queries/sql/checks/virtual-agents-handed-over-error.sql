-- In no row of virtual-agents is handed_over_error more than handed_over.
SELECT
    agent_id AS row_key,
    handed_over_error AS compared_left,
    handed_over AS compared_right,
    CASE WHEN handed_over_error > handed_over THEN 1 ELSE 0 END AS broken
FROM virtual_agents_whole
