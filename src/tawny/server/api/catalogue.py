"""What there is: export types, their columns, channels, the log, refused events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import get
from litestar.params import PathParameter, QueryParameter
from msgspec import Struct

from tawny.errors import UnknownValueError
from tawny.languages import translated
from tawny.model.schema import json_schema
from tawny.people.callers import Scope
from tawny.queries.catalogue import EXPORT_TYPES
from tawny.server.api.shapes import ColumnAnswer, instant
from tawny.server.auth import ANYBODY
from tawny.server.cached_reading import PROGRAM_PATIENCE_S
from tawny.server.dependencies import Caller, Language, Services
from tawny.server.problems import responses
from tawny.server.services import VisibleChannel
from tawny.text import Text

_READ = {"scope": Scope.EXPORTS_READ}


class TypeAnswer(Struct):
    """An export type. `allowed` says whether the caller may run it."""

    name: str
    row: dict[str, str]
    takes_range: bool
    allowed: bool
    columns: int


class TypeEventsAnswer(Struct):
    """Events of one type."""

    type: str
    events: int
    first: str
    last: str


class ChannelStatusAnswer(Struct):
    """Up to when a channel is complete, and by what that is known."""

    channel_id: str
    name: str | None
    newest_event: str | None
    """The newest one that is not dated later than its arrival."""
    complete_until: str | None
    by: Literal["watermark", "newest", "rhythm"]
    usual_gap_s: float | None
    """The 99th percentile of its gaps in this weekday and hour; null where nobody knows it."""


class LogAnswer(Struct):
    """What came in. Numbers over all channels are null for a caller who may not see all."""

    version: int | None
    events: int | None
    bytes: int | None
    files: int | None
    refused: int | None
    waiting: int | None
    types: list[TypeEventsAnswer]
    channels: list[ChannelStatusAnswer]
    as_of: str
    """When all of it was so; an event acknowledged before is counted, or waiting."""


class RefusalAnswer(Struct):
    """A refused event: when, through what, which line, why."""

    at: str
    input: str
    number: int
    field: str
    found: str
    allowed: str


@get(
    "/types", opt=_READ, sync_to_thread=True, tags=["catalogue"], responses=responses(401, 403),
    summary="The export types",
)  # fmt: skip
def list_types(services: Services, caller: Caller) -> list[TypeAnswer]:
    """The twelve types and what a row of each is."""
    return [
        TypeAnswer(
            found.name, dict(found.description), found.takes_range, found.allowed,
            len(found.columns),
        )
        for found in services.types(caller)
    ]  # fmt: skip


@get(
    "/types/{name:str}/columns", opt=_READ, sync_to_thread=True, tags=["catalogue"],
    responses=responses(400, 401, 403), summary="The columns of a type",
)  # fmt: skip
def list_columns(
    services: Services, caller: Caller, name: Annotated[str, PathParameter(max_length=64)]
) -> list[ColumnAnswer]:
    """The data dictionary of one type, with the line of SQL that computes each column."""
    for found in services.types(caller):
        if found.name == name:
            return [ColumnAnswer.of(at, column) for at, column in enumerate(found.columns, 1)]
    raise UnknownValueError(Text("export type"), name, EXPORT_TYPES)


@get(
    "/channels", opt=_READ, sync_to_thread=True, tags=["catalogue"],
    responses=responses(401, 403, 503), summary="The channels",
)  # fmt: skip
def list_channels(services: Services, caller: Caller) -> list[VisibleChannel]:
    """The channels the caller may see, by medium and name."""
    return list(services.channels(caller, PROGRAM_PATIENCE_S))


@get(
    "/log", opt=_READ, sync_to_thread=True, tags=["catalogue"],
    responses=responses(401, 403, 503), summary="The event log",
)  # fmt: skip
def get_log(services: Services, caller: Caller) -> LogAnswer:
    """What came in, and up to when each channel is complete."""
    found = services.log_status(caller, PROGRAM_PATIENCE_S)
    return LogAnswer(
        version=found.version,
        events=found.events,
        bytes=found.size_bytes,
        files=found.files,
        refused=found.refused,
        waiting=found.waiting,
        types=[
            TypeEventsAnswer(
                row.type, row.events, instant(row.first_ms) or "", instant(row.last_ms) or ""
            )
            for row in found.types
        ],
        channels=[
            ChannelStatusAnswer(
                row.channel_id,
                row.name,
                instant(row.newest_ms),
                instant(row.complete_until_ms),
                row.by,
                None if row.usual_gap_ms is None else row.usual_gap_ms / 1000,
            )
            for row in found.channels
        ],
        as_of=instant(found.as_of_ms) or "",
    )


@get(
    "/refusals", opt={"scope": Scope.ADMIN}, sync_to_thread=True, tags=["catalogue"],
    responses=responses(400, 401, 403, 503), summary="Refused events",
)  # fmt: skip
def list_refusals(
    services: Services,
    caller: Caller,
    language: Language,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> list[RefusalAnswer]:
    """The newest refused events with reasons: an entry for each mistake of an event."""
    return [
        RefusalAnswer(
            instant(kept.at_ms) or "", kept.input, kept.refusal.number, mistake.field,
            translated(mistake.found, language), translated(mistake.allowed, language),
        )
        for kept in services.refusals(caller, limit)
        for mistake in kept.refusal.mistakes
    ]  # fmt: skip


@get(
    "/events/schema", opt={"public": True, "anonymous": True}, sync_to_thread=False,
    tags=["events"], media_type="application/schema+json", security=ANYBODY,
    summary="The JSON Schema of events",
)  # fmt: skip
def get_event_schema() -> dict[str, Any]:
    """The event contract for validators and code generators: `tawny events --schema` prints the
    same. It asks for no right, as it says nothing of what is in the log."""
    return json_schema()


HANDLERS = (get_event_schema, list_types, list_columns, list_channels, get_log, list_refusals)
