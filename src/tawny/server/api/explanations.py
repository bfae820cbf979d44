"""Explanations over the API: why a cell of an export says what it says."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import get
from litestar.params import FromQuery, QueryParameter
from msgspec import Struct, convert, structs

from tawny.exports.request import ExportRequest
from tawny.people.callers import Scope
from tawny.queries.catalogue import ExportName
from tawny.runs.parts import allowed_exports
from tawny.server.asked_explanations import explanation
from tawny.server.dependencies import Caller, Language, Services
from tawny.server.problems import responses


class EvidencePartAnswer(Struct):
    """Why an event is there, and what it adds: `ms` milliseconds or `count`; null = nothing."""

    part: str
    says: str
    counts: bool
    """False: looked at and not counted."""
    ms: int | None = None
    count: int | None = None


class EvidenceAnswer(Struct):
    """An event behind a cell, as it would be sent again."""

    says: str
    parts: list[EvidencePartAnswer]
    event: dict[str, Any]


class ArithmeticAnswer(Struct):
    """How the parts make the value."""

    kind: Literal["count", "sum", "mean", "share"]
    says: str
    value: str


class ExplanationAnswer(Struct, rename={"start": "from", "end": "to"}):
    """Why a cell says what it says. `value` is as in the CSV, null = empty; then `why_empty` says
    why. The events of the evidence alone give the same cell when an empty log takes them in."""

    export: str
    row: str
    column: str
    header: str
    value: str | None
    unit: str
    definition: str
    time_zone: str
    start: str | None
    end: str | None
    as_of: str
    channels: list[str]
    log_version: int
    why_empty: str | None
    arithmetic: ArithmeticAnswer | None
    evidence: list[EvidenceAnswer]


@get(
    "/explanations",
    opt={"scope": Scope.EXPORTS_READ},
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 503),
    summary="Why a cell says what it says",
)
def explain_cell(
    services: Services,
    caller: Caller,
    language: Language,
    export: FromQuery[ExportName],
    row: Annotated[
        str,
        QueryParameter(
            min_length=1, max_length=1600,
            description="The row key, a comma between its parts and a backslash before one inside",
        ),
    ],
    column: Annotated[
        str, QueryParameter(min_length=1, max_length=100, description="Key or header of the column")
    ],
    tz: Annotated[str, QueryParameter(max_length=64, description="IANA time zone")] = "UTC",
    start: Annotated[str | None, QueryParameter(name="from", max_length=64)] = None,
    end: Annotated[str | None, QueryParameter(name="to", max_length=64)] = None,
    channels: Annotated[
        list[str] | None, QueryParameter(name="channel", description="Only these; may be repeated")
    ] = None,
    as_of: Annotated[str | None, QueryParameter(max_length=64)] = None,
) -> ExplanationAnswer:  # fmt: skip
    """Explains a cell of the export that would be made now with these options; who may make it may
    ask. Sentences are in the language of the request."""
    asked = ExportRequest(
        export_type=export,
        time_zone=tz,
        start=start,
        end=end,
        channels=tuple(channels or ()),
        as_of=as_of,
    )
    allowed_exports(caller, asked)
    request = structs.replace(asked, channels=caller.allowed_channels(asked.channels))
    found = explanation(services, caller, language, request, row, column, subject=export)
    return convert(found, ExplanationAnswer)


HANDLERS = (explain_cell,)
