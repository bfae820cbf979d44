-- title: User presence
-- One row per interval of being available or away that overlaps the range, by From.
-- place: 8
-- range: required
-- order: key
-- key: user_id, from, n
-- beside: n = presence_in_range.n
-- right: presence
-- never empty: user_id, presence, from, duration
SELECT
    /* id | User ID
       Agent the interval belongs to, human or virtual; one row per interval of available or away
       that overlaps the range. Links to User ID in users (human agents only). */
    presence_in_range.agent_id AS user_id,
    /* text | User Name
       Name of the agent, as last saved up to the as-of instant; empty if the agent was never
       saved. */
    agents.name AS user_name,
    /* text | User Email
       E-mail address of the agent, as last saved up to the as-of instant; empty if the agent was
       never saved or has none. */
    agents.email AS user_email,
    /* enum | Type
       available or away; being offline has no row. */
    presence_in_range.presence AS presence,
    /* text | Away State
       Name of the custom away state of the interval, as sent; a change of it starts a new
       interval. Empty if none was given. */
    presence_in_range.away_state AS away_state,
    /* timestamp | From
       When the interval began, even before the range; repeating the same presence and away state
       does not begin a new one. */
    presence_in_range.start_ms AS "from",
    /* timestamp | To
       When the interval ended by a change of presence or away state, even after the range; empty
       if it is still open at the as-of instant. */
    presence_in_range.end_ms AS "to",
    /* duration | Duration (s)
       Whole length from From to To, not cut at the range; up to the as-of instant while the
       interval is open. Added up it may exceed the times in users, which are cut. */
    (presence_in_range.until_ms - presence_in_range.start_ms + 500) // 1000 AS duration
FROM presence_in_range
LEFT JOIN agents ON agents.agent_id = presence_in_range.agent_id
ORDER BY presence_in_range.start_ms, presence_in_range.agent_id, presence_in_range.nth
