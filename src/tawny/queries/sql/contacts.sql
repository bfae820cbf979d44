-- title: Contacts
-- One row per contact with a message in the range, by Created at (the first inbound one).
-- place: 5
-- range: required
-- order: key
-- key: contact_profile_id
-- never empty: conversations, inbound_messages, outbound_messages
WITH scope AS (
    SELECT DISTINCT conversation_id
    FROM message_events_in_range
    WHERE type = 'message.created'
),

written AS (
    SELECT
        /* evidence */ scope_messages.event,
        conversations.contact_id, conversations.channel_id, scope_messages.conversation_id,
        scope_messages.direction, scope_messages.time_ms,
        row_number() OVER (
            PARTITION BY conversations.contact_id
            ORDER BY scope_messages.time_ms, scope_messages.sequence, scope_messages.source,
                scope_messages.id
        ) AS nth
    FROM scope_messages
    INNER JOIN conversations
        ON conversations.conversation_id = scope_messages.conversation_id
    WHERE scope_messages.time_ms >= $from_ms AND scope_messages.time_ms < $to_ms
),

totals AS (
    SELECT
        contact_id,
        min(CASE WHEN direction = 'inbound' THEN time_ms END) AS first_inbound_ms,
        count(DISTINCT conversation_id) AS conversations,
        sum(CASE WHEN direction = 'inbound' THEN 1 ELSE 0 END) AS inbound_messages,
        sum(CASE WHEN direction = 'outbound' THEN 1 ELSE 0 END) AS outbound_messages
    FROM written
    GROUP BY contact_id
),

changes AS (
    SELECT
        /* evidence */ max(event) AS event,
        contact_id, max(time_ms) AS last_updated_ms
    FROM contact_events
    WHERE type IN (
            'contact.saved', 'contact.attribute_set', 'contact.attribute_cleared',
            'contact.erased'
        )
        AND contact_id IN (SELECT contact_id FROM totals)
    GROUP BY contact_id
)

SELECT
    /* id | Contact Profile ID
       Identifies the contact; one row per contact with a message in the range, inbound or
       outbound. Links to Contact Profile ID in messages, response-times, contact-attributes and
       both conversation exports. */
    totals.contact_id AS contact_profile_id,
    /* enum | Medium
       Medium of the contact, as last saved up to the as-of instant; if it was never saved or its
       last save carries none, that of the channel of its first message in the range. The list is
       open. Empty if neither is known. */
    coalesce(contact_names.medium, channels.medium) AS medium,
    /* identifier | Primary Identifier */
    contact_names.primary_identifier AS primary_identifier,
    /* identifier | Secondary Identifier */
    contact_names.secondary_identifier AS secondary_identifier,
    /* timestamp | Created at
       First inbound message of the contact in the range, not the contact's first ever; empty if
       the range has only outbound ones. */
    totals.first_inbound_ms AS created_at,
    /* integer conversations | Number of Conversations
       Distinct conversations of the contact with at least one message in the range, inbound or
       outbound, in the requested channels. */
    totals.conversations AS conversations,
    /* integer messages | Number of Inbound Messages
       Messages from the contact created in the range; deleted ones included. 0 if none. */
    totals.inbound_messages AS inbound_messages,
    /* integer messages | Number of Outbound Messages
       Messages sent to the contact created in the range, of every outbound type (virtual agents,
       surveys and proactive ones too); deleted ones included. 0 if none. */
    totals.outbound_messages AS outbound_messages,
    /* timestamp | Last Updated
       Last time the contact was saved or one of its attributes set or cleared, up to the as-of
       instant, inside the range or not; messages do not count. Empty if never. */
    changes.last_updated_ms AS last_updated
FROM totals
INNER JOIN written ON written.contact_id = totals.contact_id AND written.nth = 1
LEFT JOIN contact_names ON contact_names.contact_id = totals.contact_id
LEFT JOIN channels ON channels.channel_id = written.channel_id
LEFT JOIN changes ON changes.contact_id = totals.contact_id
ORDER BY totals.first_inbound_ms NULLS LAST, totals.contact_id
