-- What a timeline says of its conversation, with the instants between which its times run.
SELECT
    conversations.channel_id,
    summary.channel AS channel_name,
    summary.created_at AS created_ms,
    summary.current_status,
    summary.inbound_messages,
    summary.outbound_messages,
    summary.first_response_time,
    summary.handle_time,
    summary.no_response_time,
    summary.cherry_picking_time,
    summary.resolution_time,
    summary.resolved_at AS resolved_ms,
    first_responses.start_ms AS first_response_from_ms,
    first_responses.end_ms AS first_response_to_ms,
    first_responses.response_ms AS first_response_ms,
    first_inbound.time_ms AS first_inbound_ms
FROM conversation_summary AS summary
INNER JOIN conversations ON conversations.conversation_id = summary.conversation_id
LEFT JOIN first_responses ON first_responses.conversation_id = summary.conversation_id
LEFT JOIN timeline AS first_inbound ON first_inbound.event = summary.first_inbound_event
