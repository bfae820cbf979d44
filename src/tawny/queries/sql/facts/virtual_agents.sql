-- The agents that are virtual.
SELECT agent_id FROM agents WHERE is_virtual
