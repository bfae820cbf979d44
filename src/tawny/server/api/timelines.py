"""Timelines over the API: one conversation, what happened and what lasted."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct, convert

from tawny.people.callers import Scope
from tawny.server.asked_timelines import conversation_of_path, conversation_timeline
from tawny.server.dependencies import Caller, Language, Services
from tawny.server.problems import responses


class TimelineChannelAnswer(Struct):
    """The channel of the conversation."""

    id: str
    name: str
    """The id where it was never saved."""


class MetricRunAnswer(Struct, rename={"start": "from", "end": "to"}):
    """Between which instants a time runs; `ms` is what counts of it."""

    start: str
    end: str
    ms: int


class MetricAnswer(Struct):
    """A time of the conversation by the key of its column; `value` as in a file, null = empty."""

    column: str
    header: str
    value: int | None
    runs: list[MetricRunAnswer]


class TimelineSpanAnswer(Struct, rename={"start": "from", "end": "to"}):
    """Something that lasted; `to` is null while it does. `kind` is the status, the kind of a lock
    session, or what opened the wait."""

    start: str
    end: str | None
    ms: int | None
    kind: str
    says: str
    agent_id: str | None
    agent_name: str | None
    message_id: str | None


class TimelineEventAnswer(Struct):
    """Something that happened."""

    time: str
    kind: str
    says: str
    agent_id: str | None
    agent_name: str | None
    message_id: str | None


class OpenHoursAnswer(Struct, rename={"start": "from", "end": "to"}):
    """When the channel was open."""

    start: str
    end: str


class TimelineAnswer(Struct):
    """A conversation over time, from the facts that the exports read. `open_hours` null = always
    open."""

    conversation: str
    says: str
    channel: TimelineChannelAnswer
    time_zone: str
    as_of: str
    log_version: int
    created: str
    resolved: str | None
    status: Literal["new", "pending", "resolved"]
    inbound_messages: int
    outbound_messages: int
    metrics: list[MetricAnswer]
    statuses: list[TimelineSpanAnswer]
    virtual_agents: list[TimelineSpanAnswer]
    locks: list[TimelineSpanAnswer]
    responses: list[TimelineSpanAnswer]
    open_hours: list[OpenHoursAnswer] | None
    events: list[TimelineEventAnswer]


@get(
    "/timelines/{conversation:path}",
    opt={"scope": Scope.EXPORTS_READ},
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 503),
    summary="A conversation over time",
)
def read_timeline(
    services: Services,
    caller: Caller,
    language: Language,
    conversation: FromPath[str],
    tz: Annotated[str, QueryParameter(max_length=64, description="IANA time zone")] = "UTC",
    as_of: Annotated[str | None, QueryParameter(max_length=64)] = None,
) -> TimelineAnswer:
    """What happened in a conversation of a channel that may be seen, who held it and when, and
    between which instants its times run. Sentences are in the language of the request."""
    found = conversation_timeline(
        services, caller, language, conversation_of_path(conversation), time_zone=tz, as_of=as_of
    )
    return convert(found["told"], TimelineAnswer)


HANDLERS = (read_timeline,)
"""What the application serves of this."""
