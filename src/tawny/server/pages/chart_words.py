"""What charts and their parts are called. Keys are those of `tawny.reading.charts`."""

from __future__ import annotations

from tawny.text import N_

TITLES = {
    "resolved_per_day": N_("Resolved per day"),
    "first_response_distribution": N_("First response time, in opening hours"),
    "messages_per_hour_by_direction": N_("Messages per hour of the day, by direction"),
    "messages_per_hour_by_channel": N_("Messages per hour of the day, by channel"),
    "lock_time_per_team": N_("Handle, no-response and cherry-picking time per team"),
    "lock_time_per_agent": N_("Handle, no-response and cherry-picking time per agent"),
    "presence_of_the_day": N_("Presence, first day of the range"),
    "response_time_percentiles": N_(
        "Response time within which a share was answered, around the clock"
    ),
    "topics_by_volume": N_("Topics by volume"),
    "tags_by_volume": N_("Tags by volume"),
}
SERIES = {
    "resolved": N_("Resolved conversations"),
    "conversations": N_("Conversations"),
    "inbound": N_("Inbound"),
    "outbound": N_("Outbound"),
    "handle": N_("Handle time"),
    "no_response": N_("No-response time"),
    "cherry_picking": N_("Cherry-picking time"),
    "available": N_("Available"),
    "away": N_("Away"),
    "response_time": N_("Response time"),
    "half": N_("Half within"),
    "most": N_("Nine in ten within"),
    "other": N_("Other"),
    "total": N_("In total"),
    "current": N_("Still applied"),
}
OTHER = N_("Other")
LABELS = {
    "day": N_("Day"),
    "hour": N_("Hour"),
    "bucket": N_("Waited"),
    "percentile": N_("Percentile"),
    "team": N_("Team"),
    "topic": N_("Topic"),
    "tag": N_("Tag"),
    "agent": N_("Agent"),
    "channel": N_("Channel"),
}
SPLITS = {
    "": N_("in total"),
    "channel": N_("by channel"),
    "agent": N_("by agent"),
    "team": N_("by team"),
}
"""What a chart may be split by, in the order it is offered."""
BEFORE = N_("The period before")
BUCKETS = {
    "under_1_min": N_("< 1 min"),
    "under_5_min": N_("1 to 5 min"),
    "under_15_min": N_("5 to 15 min"),
    "under_1_h": N_("15 min to 1 h"),
    "under_4_h": N_("1 to 4 h"),
    "under_1_d": N_("4 h to 1 day"),
    "longer": N_("1 day or more"),
}
