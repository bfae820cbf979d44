-- Agents that are virtual.
SELECT agent_id FROM virtual_agents
