"""What the client gives back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

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

    export: str
    time_zone: str = "UTC"
    start: str | None = None
    end: str | None = None
    channels: Sequence[str] = ()
    as_of: str | None = None
    headers: str = "en"
    format: str = "csv"
    dialect: str = "machine"


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

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in ("queued", "running")


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
    """What came of events that were sent."""

    accepted: int
    refused: int
    errors: Sequence[Refused]


class Channel(Struct, frozen=True):
    """A channel the token may see."""

    id: str
    medium: str
    name: str
    display_name: str


class ExportType(Struct, frozen=True):
    """An export type, its sentence in `en` and `fr`, and whether the token may run it."""

    name: str
    row: dict[str, str]
    takes_range: bool
    allowed: bool


class Problem(Struct, frozen=True):
    """An error answer (RFC 9457)."""

    title: str
    status: int
    detail: str
    request_id: str = ""
    errors: Sequence[Refused] = ()
