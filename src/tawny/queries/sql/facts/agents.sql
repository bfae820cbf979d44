-- Agents as they are now. Virtual when the last kind given is virtual, otherwise human; agents
-- that were never saved are not here and count as human.
SELECT
    /* evidence */ saved.event, kinds.event AS kind_event,
    saved.agent_id, saved.name, saved.email, saved.reference,
    kinds.kind IS NOT NULL AND kinds.kind = 'virtual' AS is_virtual
FROM (
    SELECT
        /* evidence */ event,
        agent_id, name, email, reference,
        row_number() OVER (
            PARTITION BY agent_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type = 'agent.saved'
) AS saved
LEFT JOIN (
    SELECT
        /* evidence */ event,
        agent_id, kind,
        row_number() OVER (
            PARTITION BY agent_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type = 'agent.saved' AND kind IS NOT NULL
) AS kinds ON kinds.agent_id = saved.agent_id AND kinds.newest = 1
WHERE saved.newest = 1
