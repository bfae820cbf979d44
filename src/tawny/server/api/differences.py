"""Differences over the API: what is other in an export between two states, and why."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct, convert

from tawny.errors import RequestError
from tawny.exports.request import ExportRequest
from tawny.people.callers import Scope
from tawny.queries.catalogue import ExportName
from tawny.server.api.shapes import ChannelId, ColumnKey, LaterMoment, Moment
from tawny.server.asked_differences import differences, named_side
from tawny.server.dependencies import Caller, Language, Services
from tawny.server.problems import responses

SideBody = Annotated[
    Annotated[str, Meta(min_length=1, max_length=64)] | dict[str, Any],
    Meta(
        description="The id of a run, an instant, `now`, or the content of a receipt",
        examples=["2026-07-01T00:00:00Z"],
    ),
]


class DifferencesBody(Struct, rename={"start": "from", "end": "to"}, forbid_unknown_fields=True):
    """What is compared. A run or a receipt says the export, its range, zone and channels; of a
    bundle `export` names one. For two instants they stand here."""

    a: SideBody
    b: SideBody
    export: Annotated[ExportName | Literal[""], Meta(examples=["messages"])] = ""
    time_zone: Annotated[str, Meta(max_length=64, description="IANA name")] = "UTC"
    start: Moment | None = None
    end: LaterMoment | None = None
    channels: Annotated[tuple[ChannelId, ...], Meta(max_length=1000)] = ()
    columns: Annotated[
        tuple[ColumnKey, ...],
        Meta(max_length=200, description="Keys of the columns that are compared; none = all"),
    ] = ()
    offset: Annotated[int, Meta(ge=0, le=2**53)] = 0
    limit: Annotated[int, Meta(ge=0, le=1000, description="So many rows; 0 = only counted")] = 100


class CausingEventAnswer(Struct):
    """The event that is a cause; of one elsewhere, of what was not given, only type and time."""

    type: str
    time: str
    source: str | None = None
    id: str | None = None


class CauseAnswer(Struct):
    """Why something differs."""

    kind: Literal["arrived", "happened_after", "erased", "time_passed", "among"]
    says: str
    side: Literal["a", "b"]
    """Which side has the event."""
    event: CausingEventAnswer | None
    arrived: str | None
    """When the version of the log was written with which it arrived."""
    log_version: int | None


class DifferingCellAnswer(Struct):
    """A cell that is not the same; as in the CSV, null = empty."""

    column: str
    header: str
    before: str | None
    after: str | None
    causes: list[CauseAnswer]


class DifferingRowAnswer(Struct):
    """A row that is not the same, by its key. Causes of a changed one stand at its cells."""

    row: str
    change: Literal["added", "removed", "changed"]
    causes: list[CauseAnswer]
    cells: list[DifferingCellAnswer]


class ComparedSideAnswer(Struct):
    """One of the two states."""

    name: str
    as_of: str
    log_version: int
    notes: list[str]
    """Why its file may have had other rows."""


class DifferencesAnswer(Struct, rename={"start": "from", "end": "to"}):
    """What differs: how many rows, and those from `offset` on with their causes."""

    export: str
    time_zone: str
    start: str | None
    end: str | None
    channels: list[str]
    a: ComparedSideAnswer
    b: ComparedSideAnswer
    equal: bool
    added: int
    removed: int
    changed: int
    offset: int
    rows: list[DifferingRowAnswer]


@post(
    "/differences",
    opt={"scope": Scope.EXPORTS_READ},
    status_code=200,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 409, 413, 415, 503),
    summary="What differs between two states of an export",
)
def compare(
    services: Services, caller: Caller, language: Language, data: JSONBody[DifferencesBody]
) -> DifferencesAnswer:
    """Rows added, removed and changed, cell by cell, each with the event that caused it; who may
    make the export may ask. Sentences are in the language of the request."""
    sides = (
        named_side(services, caller, "a", data.a),
        named_side(services, caller, "b", data.b),
    )
    if any(side.receipt is not None for side in sides) and (
        data.start or data.end or data.channels
    ):
        raise RequestError(
            "from, to, channels: found with a receipt or a run, which says them all; leave them out"
        )
    asked = ExportRequest(
        export_type=data.export,
        time_zone=data.time_zone,
        start=data.start,
        end=data.end,
        channels=data.channels,
        columns=data.columns,
    )
    found = differences(
        services, caller, language, sides, asked, offset=data.offset, limit=data.limit
    )
    return convert(found, DifferencesAnswer)


HANDLERS = (compare,)
"""What the application serves of this."""
