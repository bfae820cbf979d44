-- Channels with the names they have now: the last channel.saved of each, as a whole.
SELECT
    /* evidence */ event,
    channel_id,
    /* enum | Medium
       Medium of the channel, such as email or whatsapp, as last saved up to the as-of instant;
       empty if the channel was never saved. The list is open. */
    medium,
    /* text | Channel
       Name of the channel, as last saved up to the as-of instant; empty if the channel was never
       saved. */
    name,
    /* text | Channel Display Name
       Display name of the channel, as last saved up to the as-of instant; empty if the channel was
       never saved or has none. */
    display_name
FROM (
    SELECT
        /* evidence */ event,
        channel_id, medium, name, display_name,
        row_number() OVER (
            PARTITION BY channel_id ORDER BY time_ms DESC, sequence DESC, source DESC, id DESC
        ) AS newest
    FROM reference_events
    WHERE type = 'channel.saved'
) AS saved
WHERE newest = 1
