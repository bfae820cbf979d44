-- Responses: an agent reply that ends a wait. A wait is opened by an inbound message while no
-- virtual agent holds the conversation, a hand-over, a boomerang or a return to new (unless it was
-- set to pending afterwards), and belongs to the first closer after it.
WITH marked AS (
    SELECT
        /* evidence */ event,
        /* evidence */ max(CASE WHEN kind = 'assigned' THEN event END)
        /* evidence */ OVER earlier AS assigned_event,
        /* evidence */ max(CASE WHEN kind IN ('reply', 'resolved', 'assigned') THEN event END)
        /* evidence */ OVER earlier AS closer_event,
        conversation_id, position, time_ms, kind, cause, agent_id, reason, message_id,
        coalesce(
            max(CASE WHEN kind IN ('reply', 'resolved', 'assigned') THEN position END)
                OVER earlier,
            0
        ) AS last_closer,
        coalesce(max(CASE WHEN kind = 'assigned' THEN position END) OVER earlier, 0)
        > coalesce(
            max(CASE WHEN kind IN ('handed_over', 'resolved') THEN position END) OVER earlier, 0
        ) AS with_virtual_agent,
        max(CASE WHEN kind = 'inbound' THEN position END) OVER earlier AS last_inbound
    FROM timeline
    WINDOW earlier AS (
        PARTITION BY conversation_id ORDER BY position
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),

last_pending AS (
    SELECT conversation_id, last_closer, max(position) AS position
    FROM marked
    WHERE kind = 'pending'
    GROUP BY conversation_id, last_closer
),

first_opener AS (
    SELECT marked.conversation_id, marked.last_closer, min(marked.position) AS position
    FROM marked
    LEFT JOIN last_pending
        ON last_pending.conversation_id = marked.conversation_id
        AND last_pending.last_closer = marked.last_closer
    WHERE (marked.kind = 'inbound' AND NOT marked.with_virtual_agent)
        OR marked.kind = 'handed_over'
        OR (
            marked.kind = 'new'
            AND marked.cause IN ('boomerang', 'set_to_new')
            AND (last_pending.position IS NULL OR marked.position > last_pending.position)
        )
    GROUP BY marked.conversation_id, marked.last_closer
)

SELECT
    /* evidence */ opener.event AS opener_event, reply.event AS reply_event,
    /* evidence */ CASE WHEN opener.kind = 'handed_over' THEN inbound.event END AS inbound_event,
    /* evidence */ CASE
    /* evidence */ WHEN opener.kind <> 'handed_over' OR inbound.event IS NULL THEN NULL
    /* evidence */ WHEN inbound.position < reply.last_closer THEN reply.closer_event
    /* evidence */ ELSE inbound.assigned_event
    /* evidence */ END AS closed_event,
    reply.conversation_id,
    CASE
        WHEN opener.kind = 'inbound' THEN 'CONTACT_SENT_MESSAGE'
        WHEN opener.kind = 'handed_over' THEN 'VA_HANDED_OVER_CONVERSATION'
        WHEN opener.cause = 'boomerang' THEN 'BOOMERANG'
        ELSE 'AGENT_SET_TO_NEW'
    END AS started_by,
    CASE
        WHEN opener.kind = 'handed_over' THEN CASE opener.reason
            WHEN 'requested' THEN 'REQUESTED'
            WHEN 'escape_word' THEN 'ESCAPE_WORD'
            WHEN 'va_timeout' THEN 'VA_TIMEOUT'
            WHEN 'contact_timeout' THEN 'CONTACT_TIMEOUT'
            WHEN 'error' THEN 'ERROR'
            WHEN 'taken_by_agent' THEN 'TAKEN_BY_AGENT'
        END
    END AS handover_reason,
    opener.time_ms AS from_ms,
    reply.time_ms AS to_ms,
    reply.agent_id,
    CASE
        WHEN opener.kind = 'inbound' THEN opener.message_id
        WHEN opener.kind = 'handed_over' THEN inbound.message_id
    END AS inbound_message_id,
    reply.message_id AS outbound_message_id,
    reply.position
FROM marked AS reply
INNER JOIN first_opener
    ON first_opener.conversation_id = reply.conversation_id
    AND first_opener.last_closer = reply.last_closer
INNER JOIN marked AS opener
    ON opener.conversation_id = reply.conversation_id
    AND opener.position = first_opener.position
LEFT JOIN marked AS inbound
    ON inbound.conversation_id = opener.conversation_id
    AND inbound.position = opener.last_inbound
WHERE reply.kind = 'reply'
