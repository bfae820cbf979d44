-- The first response of each conversation: the first agent reply after the first inbound message.
-- The clock starts at the first inbound or, when later, at the last hand-over before the reply,
-- and runs while the channel is open, by the hours it had when the clock started.
WITH first_inbound AS (
    SELECT
        /* evidence */ min(event) AS event,
        conversation_id, min(position) AS position, min(time_ms) AS time_ms
    FROM timeline
    WHERE kind = 'inbound'
    GROUP BY conversation_id
),

first_reply AS (
    SELECT
        /* evidence */ min(first_inbound.event) AS inbound_event,
        timeline.conversation_id, min(timeline.position) AS position,
        min(first_inbound.time_ms) AS inbound_ms
    FROM timeline
    INNER JOIN first_inbound ON first_inbound.conversation_id = timeline.conversation_id
    WHERE timeline.kind = 'reply' AND timeline.position > first_inbound.position
    GROUP BY timeline.conversation_id
),

last_handover AS (
    SELECT
        /* evidence */ max(timeline.event) AS event,
        timeline.conversation_id, max(timeline.time_ms) AS time_ms
    FROM timeline
    INNER JOIN first_reply ON first_reply.conversation_id = timeline.conversation_id
    WHERE timeline.kind = 'handed_over' AND timeline.position < first_reply.position
    GROUP BY timeline.conversation_id
),

waits AS (
    SELECT
        /* evidence */ first_reply.inbound_event, reply.event AS reply_event,
        /* evidence */ CASE
        /* evidence */ WHEN last_handover.time_ms > first_reply.inbound_ms THEN last_handover.event
        /* evidence */ END AS handover_event,
        first_reply.conversation_id,
        conversations.channel_id,
        greatest(
            first_reply.inbound_ms, coalesce(last_handover.time_ms, first_reply.inbound_ms)
        ) AS start_ms,
        reply.time_ms AS end_ms,
        reply.agent_id,
        reply.team_id
    FROM first_reply
    INNER JOIN conversations ON conversations.conversation_id = first_reply.conversation_id
    INNER JOIN timeline AS reply
        ON reply.conversation_id = first_reply.conversation_id
        AND reply.position = first_reply.position
    LEFT JOIN last_handover ON last_handover.conversation_id = first_reply.conversation_id
),

hours AS (
    SELECT
        /* evidence */ channel_versions.event,
        waits.conversation_id, waits.start_ms, waits.end_ms, channel_versions.business_hours
    FROM waits
    INNER JOIN channel_versions
        ON channel_versions.channel_id = waits.channel_id
        AND (channel_versions.from_ms IS NULL OR waits.start_ms >= channel_versions.from_ms)
        AND (channel_versions.until_ms IS NULL OR waits.start_ms < channel_versions.until_ms)
    WHERE channel_versions.business_hours IS NOT NULL
),

open_at AS (
    -- How long the channel had been open up to an instant, counted from any fixed one.
    SELECT
        moments.conversation_id, moments.is_end,
        max(opening_days.open_before_ms) + sum(
            greatest(
                0, least(moments.time_ms, opening_days.end_ms) - opening_days.start_ms
            )
        ) AS open_ms
    FROM (
        SELECT
            conversation_id, business_hours, start_ms AS time_ms, FALSE AS is_end,
            CAST(floor(start_ms / 86400000) AS BIGINT) AS utc_day
        FROM hours
        UNION ALL
        SELECT
            conversation_id, business_hours, end_ms AS time_ms, TRUE AS is_end,
            CAST(floor(end_ms / 86400000) AS BIGINT) AS utc_day
        FROM hours
    ) AS moments
    INNER JOIN opening_days
        ON opening_days.business_hours = moments.business_hours
        AND opening_days.utc_day = moments.utc_day
    GROUP BY moments.conversation_id, moments.is_end
)

SELECT
    /* evidence */ waits.inbound_event, waits.reply_event, hours.event AS hours_event,
    /* evidence */ waits.handover_event,
    waits.conversation_id, waits.start_ms, waits.end_ms, waits.agent_id, waits.team_id,
    CASE
        WHEN hours.conversation_id IS NULL THEN waits.end_ms - waits.start_ms
        ELSE CAST(at_end.open_ms - at_start.open_ms AS BIGINT)
    END AS response_ms
FROM waits
LEFT JOIN hours ON hours.conversation_id = waits.conversation_id
LEFT JOIN open_at AS at_start
    ON at_start.conversation_id = waits.conversation_id AND NOT at_start.is_end
LEFT JOIN open_at AS at_end
    ON at_end.conversation_id = waits.conversation_id AND at_end.is_end
