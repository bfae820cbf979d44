"""What the API takes and gives, as JSON. Instants are texts such as
`2026-06-08T12:03:22.120Z`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, convert, structs

from tawny.exports.formats.registry import DialectName, FormatName
from tawny.exports.request import ExportChoices, ExportRequest
from tawny.languages import translated
from tawny.model.zones import instant_text
from tawny.queries.catalogue import ExportName
from tawny.queries.columns import Column
from tawny.state.run_rows import ExportRun

StateName = Literal["queued", "running", "ready", "failed", "cancelled", "expired"]
Moment = Annotated[str, Meta(max_length=64, examples=["2026-06-01"])]
LaterMoment = Annotated[str, Meta(max_length=64, examples=["2026-07-01"])]
"""Another day than that of the example before it: the range of an example is not empty."""
ChannelId = Annotated[str, Meta(min_length=1, max_length=256)]
ColumnKey = Annotated[str, Meta(min_length=1, max_length=64)]


class ExportBody(ExportChoices, frozen=True, forbid_unknown_fields=True):
    """A request for an export."""

    # What is allowed is said here, so that the OpenAPI document has it.
    export_type: Annotated[ExportName | Literal[""], Meta(examples=["messages"])] = ""
    time_zone: Annotated[str, Meta(max_length=64, description="IANA name")] = "UTC"
    start: Moment | None = None
    end: LaterMoment | None = None
    channels: Annotated[tuple[ChannelId, ...], Meta(max_length=1000)] = ()
    as_of: LaterMoment | None = None
    headers: Literal["en", "fr", "hootdesk-fr", "key"] = "en"
    format: FormatName = "csv"
    dialect: DialectName = "machine"
    long_cells: Annotated[
        Literal["refuse", "cut"],
        Meta(description="What is done in XLSX about a text that no cell holds"),
    ] = "refuse"
    columns: Annotated[
        tuple[ColumnKey, ...],
        Meta(max_length=200, description="Keys of the columns of the file; none = all"),
    ] = ()

    exports: Annotated[
        tuple[ExportName | Literal["all"], ...],
        Meta(
            max_length=13,
            description="Instead of `export`: several exports of one state of the log, or `all`",
        ),
    ] = ()
    bundle: Annotated[
        Literal["zip", "workbook"],
        Meta(description="What the files of `exports` are put into; `workbook` needs `xlsx`"),
    ] = "zip"

    def request(self) -> ExportRequest:
        """The same for the layers below."""
        return ExportRequest(**structs.asdict(self))


class RunBody(ExportBody, frozen=True, forbid_unknown_fields=True):
    """A request for an export, and who is told when it has ended."""

    mail: Annotated[
        bool,
        Meta(
            description="Whether the caller is told by mail when it is ready, has failed or was "
            "cancelled; for accounts with an `email`, where the server sends mail",
            examples=[False],
        ),
    ] = False

    def request(self) -> ExportRequest:
        """What is asked for, without what is no part of the file."""
        return ExportRequest(
            **{name: getattr(self, name) for name in ExportChoices.__struct_fields__}
        )


class FileAnswer(Struct):
    """The file of a run that is ready."""

    name: str
    media_type: str
    rows: int
    bytes: int
    sha256: str
    href: str


class PartAnswer(Struct):
    """The file of one export of a run. In a workbook it is a sheet, which has no bytes of its
    own."""

    export: str
    name: str
    rows: int
    bytes: int | None
    sha256: str | None
    href: str


class CheckAnswer(Struct):
    """What came of comparing the exports of a bundle with each other: two numbers, and how many
    rows or ids break what holds."""

    name: str
    holds: str
    met: bool
    left: int
    relation: str
    right: int
    unit: str
    broken: int


class RequestAnswer(ExportChoices, frozen=True):
    """What was asked; no channels = all, no columns = all."""


class RunAnswer(Struct):
    """One export run."""

    id: str
    state: StateName
    phase: str
    progress_percent: int
    owner: str
    request: RequestAnswer
    created_at: str
    started_at: str | None
    ended_at: str | None
    expires_at: str | None
    error: str | None
    file: FileAnswer | None
    version: int
    files: list[PartAnswer] = []
    """The parts of a bundle that is ready."""
    checks: list[CheckAnswer] = []
    """What was found when they were compared."""

    @classmethod
    def of(cls, run: ExportRun, language: str) -> RunAnswer:
        """From a run; why it failed is said in the language."""
        file = None
        parts: list[PartAnswer] = []
        bundle = (run.receipt or {}) if run.is_bundle else {}
        if run.state == "ready" and run.file_name is not None:
            parts = [
                PartAnswer(
                    export=entry["export"],
                    name=entry["file"],
                    rows=entry["rows"],
                    bytes=entry.get("bytes"),
                    sha256=entry.get("sha256"),
                    href=f"/api/v1/exports/{run.id}/files/{entry['export']}",
                )
                for entry in bundle.get("files", ())
            ]
            file = FileAnswer(
                name=run.file_name,
                media_type=run.media_type or "",
                rows=run.rows or 0,
                bytes=run.size_bytes or 0,
                sha256=run.sha256 or "",
                href=f"/api/v1/exports/{run.id}/file",
            )
        return cls(
            id=run.id,
            state=run.state.value,
            phase=run.phase,
            progress_percent=run.progress_percent,
            owner=run.owner,
            request=convert(run.request, RequestAnswer),
            created_at=instant_text(run.created_ms),
            started_at=instant(run.started_ms),
            ended_at=instant(run.ended_ms),
            expires_at=instant(run.expires_ms),
            error=None if run.error is None else translated(run.error, language),
            file=file,
            version=run.version,
            files=parts,
            checks=convert(bundle.get("checks", []), list[CheckAnswer]),
        )


class RunsAnswer(Struct):
    """A page of runs; `total` counts all that fit the filter."""

    items: list[RunAnswer]
    next_cursor: str | None
    total: int


class ColumnAnswer(Struct):
    """A column and what it means."""

    position: int
    key: str
    type: str
    unit: str | None
    headers: dict[str, str]
    definition: dict[str, str]
    sql: str

    @classmethod
    def of(cls, position: int, column: Column) -> ColumnAnswer:
        """From a column of the data dictionary."""
        return cls(
            position=position,
            key=column.key,
            type=column.type.catalogue_name,
            unit=column.unit or None,
            headers=dict(column.headers),
            definition=dict(column.definition),
            sql=column.expression,
        )


def instant(time_ms: int | None) -> str | None:
    """An instant as the API writes it."""
    return None if time_ms is None else instant_text(time_ms)


Receipt = dict[str, Any]
