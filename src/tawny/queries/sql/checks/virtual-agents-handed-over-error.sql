-- In no row of virtual-agents is handed_over_error more than handed_over.
SELECT
    coalesce(sum(handed_over_error), 0) AS compared_left,
    coalesce(sum(handed_over), 0) AS compared_right,
    count(CASE WHEN handed_over_error > handed_over THEN 1 END) AS broken
FROM virtual_agents_whole
