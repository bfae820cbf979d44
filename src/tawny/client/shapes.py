"""What the client gives back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

State = Literal["queued", "running", "ready", "failed", "cancelled", "expired"]


class File(Struct, frozen=True):
    """The file of a run that is ready."""

    name: str
    media_type: str
    rows: int
    bytes: int
    sha256: str
    href: str


class Request(Struct, frozen=True, omit_defaults=True, rename={"start": "from", "end": "to"}):
    """A request for an export; what is left out is as on the command line."""

    export: str = ""
    time_zone: str = "UTC"
    start: str | None = None
    end: str | None = None
    channels: Sequence[str] = ()
    as_of: str | None = None
    headers: str = "en"
    format: str = "csv"
    dialect: str = "machine"
    long_cells: str = "refuse"
    columns: Sequence[str] = ()
    exports: Sequence[str] = ()
    """Instead of `export`: several of one state of the log, or `all`."""
    bundle: str = "zip"


class Part(Struct, frozen=True):
    """The file of one export of a bundle; in a workbook it is a sheet, without bytes of its own."""

    export: str
    name: str
    rows: int
    bytes: int | None
    sha256: str | None
    href: str


class Check(Struct, frozen=True):
    """What came of comparing the exports of a bundle with each other."""

    name: str
    holds: str
    met: bool
    left: int
    relation: str
    right: int
    unit: str
    broken: int


class Run(Struct, frozen=True):
    """One export run. Times are RFC 3339 texts in UTC."""

    id: str
    state: State
    phase: str
    progress_percent: int
    owner: str
    request: Request
    created_at: str
    started_at: str | None
    ended_at: str | None
    expires_at: str | None
    error: str | None
    file: File | None
    files: Sequence[Part] = ()
    """The parts of a bundle that is ready."""
    checks: Sequence[Check] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in ("queued", "running")


class SavedExport(Struct, frozen=True):
    """A choice under a name; `request` has no range, `period` says it when it is run."""

    id: int
    name: str
    period: str
    shared: bool
    owner: str
    request: Request
    created_at: str


class Runs(Struct, frozen=True):
    """A page of runs."""

    items: Sequence[Run]
    next_cursor: str | None
    total: int


class Refused(Struct, frozen=True):
    """Why an event was refused; `number` is its line (from 1) or index (from 0)."""

    field: str
    message: str
    number: int = 0


class Sent(Struct, frozen=True):
    """What came of events that were sent. `refused` counts all; `errors` explains the first."""

    accepted: int
    refused: int
    errors: Sequence[Refused]
    duplicates: int = 0
    """Events that were there already."""

    def after(self, before: int) -> Sent:
        """The same, of events that so many others came before."""
        errors = [replace(error, number=error.number + before) for error in self.errors]
        return replace(self, errors=errors)


class Channel(Struct, frozen=True):
    """A channel the token may see; `business_hours` as its event says them, None = always open."""

    id: str
    medium: str
    name: str
    display_name: str
    business_hours: dict[str, Any] | None = None


class ExportType(Struct, frozen=True):
    """An export type, its sentence in `en` and `fr`, and whether the token may run it."""

    name: str
    row: dict[str, str]
    takes_range: bool
    allowed: bool


class ColumnDefinition(Struct, frozen=True):
    """A column of an export: headers by style, definitions in `en` and `fr`, and the line of SQL
    that computes it."""

    position: int
    key: str
    type: str
    unit: str | None
    headers: dict[str, str]
    definition: dict[str, str]
    sql: str


class Estimate(Struct, frozen=True):
    """How much an export would hold; `rows` is None when counting takes too long."""

    rows: int | None
    from_utc: str | None
    to_utc: str | None
    as_of: str


class TypeEvents(Struct, frozen=True):
    """Events of one type. Times are RFC 3339 texts in UTC."""

    type: str
    events: int
    first: str
    last: str


class ChannelStatus(Struct, frozen=True):
    """Up to when a channel is complete, by its `watermark`, its `newest` event or its `rhythm`.
    Times are RFC 3339 texts in UTC."""

    channel_id: str
    name: str | None
    newest_event: str | None
    complete_until: str | None = None
    by: str = "newest"
    usual_gap_s: float | None = None


class Log(Struct, frozen=True):
    """What came in. Numbers over all channels are None for a token that may not see all."""

    version: int | None
    events: int | None
    bytes: int | None
    files: int | None
    refused: int | None
    waiting: int | None
    types: Sequence[TypeEvents]
    channels: Sequence[ChannelStatus]


class FeedPage(Struct, frozen=True):
    """Rows of a change feed, and from where to go on. `more` says whether there are more already;
    without, the cursor is for what comes later."""

    items: Sequence[dict[str, Any]]
    cursor: str
    more: bool


class ProblemAnswer(Struct, frozen=True):
    """An error answer (RFC 9457)."""

    title: str
    status: int
    detail: str
    request_id: str = ""
    errors: Sequence[Refused] = ()
