"""What timelines say: what happened, what lasted, how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tawny.text import Text
from tawny.timelines.timeline import Timeline, TimelineMark, TimelineSpan

STATUSES: Mapping[str, Text] = {
    "new": Text("new"),
    "pending": Text("pending"),
    "resolved": Text("resolved"),
}

LANES: Mapping[str, Text] = {
    "message": Text("Messages"),
    "status": Text("Status"),
    "virtual_agent": Text("Virtual agent"),
    "lock": Text("Locked by"),
    "response": Text("Responses"),
}

SESSIONS: Mapping[str, Text] = {
    "handle": Text("handling"),
    "no_response": Text("no response"),
    "cherry_picking": Text("cherry picking"),
}
"""What a lock session counts as."""

_OPENERS: Mapping[str, Text] = {
    "CONTACT_SENT_MESSAGE": Text("since a message of the contact"),
    "VA_HANDED_OVER_CONVERSATION": Text("since the hand-over by a virtual agent"),
    "BOOMERANG": Text("since the conversation came back by itself"),
    "AGENT_SET_TO_NEW": Text("since an agent set it to new"),
}

_MARKS: Mapping[str, Text] = {
    "created": Text("the conversation is created"),
    "survey_sent": Text("a survey is sent"),
    "survey_answered": Text("the survey is answered"),
    "survey_expired": Text("the survey expires"),
}

_SENT: Mapping[str | None, Text] = {
    "virtual_agent": Text("the virtual agent answers"),
    "auto_responder": Text("an automatic answer is sent"),
    "proactive": Text("a proactive message is sent"),
    "csat": Text("a message with a survey is sent"),
    "native": Text("a message is sent from outside"),
}


def mark_words(mark: TimelineMark) -> Text:
    """What happened."""
    agent, message = mark.agent, mark.message_id
    if mark.kind == "inbound":
        return Text("the contact writes {message}", message=message)
    if mark.kind == "reply":
        if agent is None:
            return Text("a reply is sent: {message}", message=message)
        return Text("{agent} replies with {message}", agent=agent, message=message)
    if mark.kind == "outbound":
        return Text("{what}: {message}", what=_SENT[mark.cause], message=message)
    if mark.kind in STATUSES:
        status = STATUSES[mark.kind]
        if agent is None:
            return Text("it is set to {status} (cause {cause})", status=status, cause=mark.cause)
        return Text(
            "{agent} sets it to {status} (cause {cause})",
            agent=agent,
            status=status,
            cause=mark.cause,
        )
    if mark.kind == "assigned":
        return Text("virtual agent {agent} takes it", agent=agent)
    if mark.kind == "handed_over":
        if mark.reason is None:
            return Text("virtual agent {agent} hands it over", agent=agent)
        return Text(
            "virtual agent {agent} hands it over (reason {reason})", agent=agent, reason=mark.reason
        )
    if mark.kind == "locked":
        return Text("{agent} locks it", agent=agent)
    if mark.kind == "unlocked":
        return Text("{agent} unlocks it", agent=agent)
    return _MARKS[mark.kind]


def span_words(span: TimelineSpan) -> Text:
    """What lasted."""
    if span.lane == "status":
        return STATUSES[span.kind]
    if span.lane == "lock":
        return Text("locked by {agent}: {kind}", agent=span.agent, kind=SESSIONS[span.kind])
    if span.lane == "virtual_agent":
        return Text("with virtual agent {agent}", agent=span.agent)
    if span.agent is None:
        return Text("waited for a reply, {since}", since=_OPENERS[span.kind])
    return Text(
        "waited for the reply of {agent}, {since}", agent=span.agent, since=_OPENERS[span.kind]
    )


def length_words(length_ms: int) -> Text:
    """`450 ms`, `45 s`, `12 min 5 s`, `3 h 20 min`, `2 d 4 h`: two units at most."""
    seconds = (length_ms + 500) // 1000
    if 0 < length_ms < 1000:
        return Text("{ms} ms", ms=length_ms)
    if seconds < 60:
        return Text("{seconds} s", seconds=seconds)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if not hours:
        rest = seconds % 60
        return (
            Text("{n} min {rest} s", n=minutes, rest=rest) if rest else Text("{n} min", n=minutes)
        )
    if not days:
        rest = minutes % 60
        return Text("{n} h {rest} min", n=hours, rest=rest) if rest else Text("{n} h", n=hours)
    rest = hours % 24
    return Text("{n} d {rest} h", n=days, rest=rest) if rest else Text("{n} d", n=days)


def summary(timeline: Timeline) -> Text:
    """A conversation in one sentence."""
    values = {metric.column: metric for metric in timeline.metrics}
    resolution, response = values["resolution_time"], values["first_response_time"]
    if resolution.runs:
        outcome = Text("resolved {length} after the first message",
                       length=length_words(resolution.runs[0].length_ms))  # fmt: skip
        if timeline.status != "resolved":
            outcome = Text("first {outcome}, now {status}",
                           outcome=outcome, status=STATUSES[timeline.status])  # fmt: skip
    else:
        outcome = STATUSES[timeline.status]
    if response.runs:
        within = length_words(response.runs[0].length_ms)
        first = (
            Text("first response within {length}", length=within)
            if timeline.open_hours is None
            else Text("first response within {length} of opening hours", length=within)
        )
    else:
        first = Text("no first response")
    holders = list(dict.fromkeys(span.agent for span in timeline.of_lane("lock") if span.agent))
    return Text(
        "{conversation} in {channel}: {outcome}; {first}; messages: {inbound} in, {outbound} out; "
        "{locked}",
        conversation=timeline.conversation,
        channel=timeline.channel,
        outcome=outcome,
        first=first,
        inbound=timeline.inbound_messages,
        outbound=timeline.outbound_messages,
        locked=Text("locked by {agents}", agents=_listed(holders)) if holders
        else Text("no lock session"),
    )  # fmt: skip


def _listed(names: Sequence[str]) -> Text:
    """`Ann`, `Ann, Bob`, of more than three how many others there are."""
    shown = ", ".join(names[:3])
    if len(names) <= 3:
        return Text("{names}", names=shown)
    return Text("{names} and others ({count})", names=shown, count=len(names) - 3)
