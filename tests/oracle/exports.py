"""Rows of the exports about conversations, messages, contacts, topics and tags."""

from collections.abc import Callable

from .conversation import Conversation, Response, is_change, is_inbound
from .facts import OWNER, Facts, Survey
from .log import Event
from .values import joined, seconds, text_of_instant

RESOLVED_BY = {
    "agent": ("agent", "human_agent"),
    "bulk": ("bulk_resolve", "human_agent"),
    "virtual_agent": ("virtual_agent", "virtual_agent"),
    "automation": ("system", "automation"),
    "auto_resolve": ("system", "auto_resolve"),
    # Nobody recorded it, and nobody guesses.
    "unknown": ("", ""),
}

Rows = list[list[str]]


def resolved_conversations(facts: Facts) -> Rows:
    """One row per conversation whose first resolve is in the range."""
    found = [
        (c.first_resolve.time, c.id, c)
        for c in facts.counted
        if c.first_resolve is not None and facts.request.covers(c.first_resolve.time)
    ]
    return [
        conversation_cells(facts, c, whole=True) + survey_cells(facts, c)
        for *_, c in sorted(found, key=lambda row: row[:2])
    ]


def open_conversations(facts: Facts) -> Rows:
    """One row per conversation that is new or pending as of `as_of`."""
    found = [(c.created.time, c.id, c) for c in facts.counted if c.status in ("new", "pending")]
    return [
        conversation_cells(facts, c, whole=False)
        for *_, c in sorted(found, key=lambda row: row[:2])
    ]


def conversation_cells(facts: Facts, c: Conversation, *, whole: bool) -> list[str]:
    """The columns that the two exports share; reason, comment, trigger only where `whole`."""
    names, zone = facts.names, facts.request.zone
    change, resolve = c.last_status_change, c.first_resolve
    by, trigger = RESOLVED_BY[resolve.get("cause")] if resolve else ("", "")
    inbound = [m for m in c.messages if is_inbound(m)]
    topics = facts.applied("topic", c.id)
    return [
        c.id,
        *names.channel(c.channel),
        *names.contact(c.contact),
        text_of_instant(c.created.time, zone),
        *names.agent(change.get("agent_id") if change else None),
        *names.team(change.get("team_id") if change else None),
        c.status,
        by,
        *([text(resolve, "reason"), text(resolve, "comment"), trigger] if whole else []),
        text_of_instant(resolve.time if resolve else None, zone),
        *names.agent(resolve.get("agent_id") if resolve else None),
        str(len(inbound)),
        str(len(c.messages) - len(inbound)),
        seconds(c.first_response_time(names)),
        *lock_cells(facts, c),
        seconds(c.resolution_time),
        joined(topics),
        joined(names.field("topic", topic, "name") for topic in topics),
        c.last_known("url"),
        text_of_instant(c.last_updated, zone),
        c.last_known("language"),
    ]


def text(event: Event | None, field: str) -> str:
    """A text of an event, empty where either is missing."""
    return (event.get(field) or "") if event is not None else ""


def lock_cells(facts: Facts, c: Conversation) -> list[str]:
    """Handle, no-response, cherry-picking time: not cut, empty where locks are not measured."""
    if not facts.locks_measured(frozenset({c.channel})):
        return ["", "", ""]
    return [
        seconds(
            sum(s.end - s.start for s in facts.sessions if s.conversation is c and s.kind == kind)
        )
        for kind in ("handle", "no_response", "cherry")
    ]


def survey_cells(facts: Facts, c: Conversation) -> list[str]:
    """Score, state, follow-up question and response of the last survey."""
    # Surveys come by their first event, so the last one listed is the last one.
    own: list[Survey] = [s for s in facts.surveys() if s.conversation is c]
    if not own:
        return ["", "", "", ""]
    answer = own[-1].last_answer
    score = str(answer.get("score")) if answer is not None else ""
    return [
        score,
        own[-1].state,
        text(answer, "follow_up_question"),
        text(answer, "follow_up_response"),
    ]


def messages(facts: Facts) -> Rows:
    """One row per message created in the range."""
    found = facts.in_range(("message.created",))
    found.sort(key=lambda pair: (pair[1].time, pair[1].get("message_id")))
    return [message_cells(facts, c, m) for c, m in found]


def message_cells(facts: Facts, c: Conversation, created: Event) -> list[str]:
    names, zone = facts.names, facts.request.zone
    identity = created.get("message_id")
    own = [
        e
        for _, e in facts.counted_events(
            "message.created", "message.updated", "message.deleted", "tag.applied", "tag.removed"
        )
        if e.get("message_id") == identity
    ]
    deletions = [e for e in own if e.type == "message.deleted"]
    contents = [e.get("content") for e in own if e.get("content") is not None]
    outbound = created.get("direction") == "outbound"
    tags = facts.applied("tag", identity)
    return [
        identity,
        text_of_instant(created.time, zone),
        c.id,
        *names.channel(c.channel),
        *names.contact(c.contact),
        text(created, "message_type"),
        text(created, "origin"),
        text(created, "outbound_type"),
        text(created, "direction"),
        *names.agent(created.get("agent_id") if outbound else None),
        *names.team(created.get("team_id") if outbound else None),
        joined(tags),
        joined(names.field("tag", tag, "name") for tag in tags),
        contents[-1] if contents and not deletions else "",
        c.last_known("url"),
        text(created, "post_url"),
        text_of_instant(max(e.time for e in own), zone),
        text_of_instant(deletions[0].time if deletions else None, zone),
    ]


def response_times(facts: Facts) -> Rows:
    """One row per response whose reply is in the range."""
    found: list[tuple[Conversation, Response]] = [
        (c, r) for c in facts.counted for r in c.responses if facts.request.covers(r.reply.time)
    ]
    found.sort(key=lambda pair: (pair[1].reply.time, pair[1].reply.get("message_id")))
    names, zone = facts.names, facts.request.zone
    return [
        [
            c.id,
            *names.channel(c.channel),
            c.contact,
            r.started_by,
            r.reason,
            text_of_instant(r.opener.time, zone),
            text_of_instant(r.reply.time, zone),
            seconds(r.length),
            *names.agent(r.reply.get("agent_id")),
            r.inbound_message,
            r.reply.get("message_id"),
            c.last_known("url"),
        ]
        for c, r in found
    ]


def contacts(facts: Facts) -> Rows:
    """One row per contact with a message in the range."""
    names, zone = facts.names, facts.request.zone
    found = facts.in_range(("message.created",))
    rows = []
    for contact in sorted({c.contact for c, _ in found}):
        own = [(c, m) for c, m in found if c.contact == contact]
        inbound = [m for _, m in own if is_inbound(m)]
        created = inbound[0].time if inbound else None
        own_events = [
            e
            for e in facts.events
            if e.type.startswith("contact.") and e.get("contact_id") == contact
        ]
        row = [
            contact,
            names.field("contact", contact, "medium") or names.channel(own[0][0].channel)[0],
            *names.contact(contact)[1:],
            text_of_instant(created, zone),
            str(len({c.id for c, _ in own})),
            str(len(inbound)),
            str(len(own) - len(inbound)),
            text_of_instant(own_events[-1].time if own_events else None, zone),
        ]
        rows.append(((created is None, created or 0, contact), row))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def contact_attributes(facts: Facts) -> Rows:
    """One row per contact that wrote in the range, and attribute that stands."""
    wrote = {c.contact for c, _ in facts.in_range(("message.created",), is_inbound)}
    latest: dict[tuple[str, str], Event] = {}
    for e in facts.events:
        if e.type in ("contact.attribute_set", "contact.attribute_cleared"):
            latest[e.get("contact_id"), e.get("attribute_id")] = e
    return [
        [
            *facts.names.contact(contact),
            attribute,
            e.get("name"),
            e.get("value"),
            e.get("attribute_type"),
        ]
        for (contact, attribute), e in sorted(latest.items(), key=lambda pair: pair[0])
        if contact in wrote and e.type == "contact.attribute_set" and e.get("set_by") != "medium"
    ]


def topics(facts: Facts) -> Rows:
    """One row per topic and channel with an application in the range."""
    return applied_rows(facts, "topic")


def tags(facts: Facts) -> Rows:
    """One row per tag and channel with an application in the range."""
    return applied_rows(facts, "tag")


def applied_rows(facts: Facts, kind: str) -> Rows:
    """Total and current counts of a topic or tag; contacts are counted for tags only."""
    key = f"{kind}_id"
    found = facts.in_range((f"{kind}.applied",))
    rows = []
    for item, channel in sorted({(e.get(key), c.channel) for c, e in found}):
        own = [(c, e) for c, e in found if e.get(key) == item and c.channel == channel]
        total = {e.get(OWNER[kind]) for _, e in own}
        current = {owner for owner in total if item in facts.applied(kind, owner)}
        rows.append(
            [
                item,
                facts.names.field(kind, item, "name"),
                "true" if facts.names.is_active(kind, item) else "false",
                *([str(len({c.contact for c, _ in own}))] if kind == "tag" else []),
                str(len(total)),
                str(len(current)),
                *facts.names.channel(channel),
            ]
        )
    return rows


def virtual_agents(facts: Facts) -> Rows:
    """One row per virtual agent and channel where it did something in the range."""
    rows = []
    for agent in sorted(a for a in facts.names.agents() if facts.names.is_virtual(a)):
        for channel in sorted({c.channel for c in facts.counted}):
            counts = virtual_agent_counts(facts, agent, channel)
            if any(counts):
                name = facts.names.agent(agent)[1]
                cells = [agent, name, *facts.names.channel(channel)]
                rows.append(cells + [str(count) for count in counts])
    return rows


def virtual_agent_counts(facts: Facts, agent: str, channel: str) -> list[int]:
    """The seven counts, in the order of the columns."""

    def events(kind: str, keep: Callable[[Event], bool] = lambda _: True) -> list[Event]:
        return [
            e
            for c, e in facts.in_range((kind,), keep)
            if c.channel == channel and e.get("agent_id") == agent
        ]

    def distinct(found: list[Event], key: str = "conversation_id") -> int:
        return len({e.get(key) for e in found})

    automatic = ("virtual_agent", "auto_responder")
    sent = events("message.created", lambda e: e.get("outbound_type") in automatic)
    handovers = events("conversation.handed_over")
    failures = [e for e in handovers if e.get("reason") in ("error", "va_timeout")]
    resolves = events(
        "conversation.status_changed", lambda e: is_change(e, "resolved", "virtual_agent")
    )
    tagged = events("tag.applied")
    return [
        distinct(sent),
        distinct(handovers),
        distinct(failures),
        distinct(resolves),
        len(events("topic.applied")),
        distinct(tagged, "message_id"),
        len(tagged),
    ]
