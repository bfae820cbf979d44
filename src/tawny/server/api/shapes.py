"""What the API takes and gives, as JSON. Instants are texts such as
`2026-06-08T12:03:22.120Z`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from tawny.exports.columns import Column
from tawny.exports.queries import ExportName
from tawny.exports.request import ExportRequest
from tawny.languages import said
from tawny.model.zones import instant_text
from tawny.state.run_rows import Run

StateName = Literal["queued", "running", "ready", "failed", "cancelled", "expired"]
Moment = Annotated[str, Meta(max_length=64, examples=["2026-06-01"])]
ChannelId = Annotated[str, Meta(min_length=1, max_length=256)]


class ExportBody(Struct, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """A request for an export."""

    export: ExportName
    time_zone: Annotated[str, Meta(max_length=64, description="IANA name")] = "UTC"
    start: Moment | None = None
    end: Moment | None = None
    channels: Annotated[list[ChannelId], Meta(max_length=1000)] = []
    as_of: Moment | None = None
    headers: Literal["en", "fr", "hootdesk-fr", "key"] = "en"
    format: Literal["csv", "jsonl", "parquet", "xlsx"] = "csv"
    dialect: Literal["machine", "excel"] = "machine"

    def request(self) -> ExportRequest:
        """The same for the layers below."""
        return ExportRequest(
            export_type=self.export,
            time_zone=self.time_zone,
            start=self.start,
            end=self.end,
            channels=tuple(self.channels),
            as_of=self.as_of,
            headers=self.headers,
            format=self.format,
            dialect=self.dialect,
        )


class FileAnswer(Struct):
    """The file of a run that is ready."""

    name: str
    media_type: str
    rows: int
    bytes: int
    sha256: str
    href: str


class RequestAnswer(Struct, rename={"start": "from", "end": "to"}):
    """What was asked; no channels = all."""

    export: str
    time_zone: str
    start: str | None
    end: str | None
    channels: Sequence[str]
    as_of: str | None
    headers: str
    format: str
    dialect: str


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

    @classmethod
    def of(cls, run: Run, language: str) -> RunAnswer:
        """From a run; why it failed is said in the language."""
        file = None
        if run.state == "ready" and run.file_name is not None:
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
            request=RequestAnswer(
                export=run.export_type,
                time_zone=run.time_zone,
                start=run.start,
                end=run.end,
                channels=run.channels,
                as_of=run.as_of,
                headers=run.headers,
                format=run.format,
                dialect=run.dialect,
            ),
            created_at=instant_text(run.created_ms),
            started_at=instant(run.started_ms),
            ended_at=instant(run.ended_ms),
            expires_at=instant(run.expires_ms),
            error=None if run.error is None else said(run.error, language),
            file=file,
            version=run.version,
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
            headers=column.headers,
            definition=column.definition,
            sql=column.expression,
        )


def instant(time_ms: int | None) -> str | None:
    """An instant as the API writes it."""
    return None if time_ms is None else instant_text(time_ms)


Receipt = dict[str, Any]
