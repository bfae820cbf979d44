"""What the pages and the API can do, behind one object: `app.state.services`.

Every method takes the caller first and checks that caller's rights itself, so that a page and an
API route cannot differ in what they let through. Methods block; handlers call them from a thread
(`sync_to_thread=True`). They raise `TawnyError`s only, which `tawny.server.problems` turns into
answers. All instants are milliseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tawny.exports.columns import Column
from tawny.exports.request import ExportRequest
from tawny.state.callers import Caller
from tawny.state.refusals import KeptRefusal


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel the caller may see."""

    id: str
    medium: str
    """Empty while the channel was never saved."""
    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class ExportType:
    """One of the twelve types, as the caller may use it."""

    name: str
    description: Mapping[str, str]
    """What a row is, in `en` and `fr`."""
    takes_range: bool
    allowed: bool
    """Whether the caller may run it (presence is a right of its own)."""
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class TypeCount:
    """Events of one type in the log."""

    type: str
    events: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class NewestEvent:
    """The newest event of a channel."""

    channel_id: str
    name: str | None
    newest_ms: int


@dataclass(frozen=True, slots=True)
class LogStatus:
    """What came in. Numbers over all channels are None, and `types` empty, for a caller who may
    not see all of them."""

    version: int
    events: int | None
    size_bytes: int | None
    files: int | None
    refused: int | None
    waiting: int | None
    """Acknowledged events that are not in the log yet."""
    types: Sequence[TypeCount]
    channels: Sequence[NewestEvent]


@dataclass(frozen=True, slots=True)
class Estimate:
    """How much an export would hold, and the exact bounds the request means."""

    rows: int | None
    """None when counting took longer than a person waits."""
    from_ms: int | None
    to_ms: int | None
    as_of_ms: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a run as they are in its CSV, with the columns to explain them."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars: a value for each label of its chart; None = not measured."""

    name: str
    """A key to translate, such as `inbound`, or a name out of the data (`is_data`)."""
    values: Sequence[float | None]
    is_data: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A bar of a timeline."""

    row: str
    kind: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers to be drawn and shown as a table. Computed from the same facts as the file."""

    key: str
    """Names the chart for its title, such as `resolved_per_day`."""
    kind: str
    """`bars`, `stacked`, `line` or `timeline`."""
    label: str
    """What `labels` are: `day`, `hour`, `bucket`, `team`, `percentile`, `topic`, `tag`, `agent`."""
    unit: str
    labels: Sequence[str]
    series: Sequence[Series]
    spans: Sequence[Span] = ()


class Services:
    """Everything behind the pages and the API.

    `accounts`, `audit` and `runs` have their own modules: `tawny.state.accounts.Accounts`,
    `tawny.state.audit.Audit`, `tawny.runs.queue.Runs`:

        runs.start(caller, request, idempotency_key=None) -> Run
        runs.get(caller, run_id) -> Run
        runs.list(caller, filters=RunFilter(), sort="-created", cursor=None, limit=50) -> RunPage
        runs.cancel(caller, run_id) -> Run
        runs.again(caller, run_id) -> Run
        runs.file(caller, run_id) -> Path                 (records the download)
        runs.subscribe(caller) -> AsyncIterator[Run]      (every change the caller may see)
        accounts.sign_in(name, password, address) -> SignedIn(caller, cookie)
        accounts.sign_out(caller); accounts.caller_of_session(cookie, address, request_id)
        accounts.set_up(link, name, password, display_name, address) -> SignedIn
        accounts.users(caller) / create_user / change_user / tokens / create_token / revoke_token
        audit.list(caller, cursor, limit)
    """

    def log_status(self, caller: Caller) -> LogStatus:
        """What came in: events by type, newest event of each channel."""
        raise NotImplementedError

    def types(self, caller: Caller) -> Sequence[ExportType]:
        """The twelve types and their columns."""
        raise NotImplementedError

    def channels(self, caller: Caller) -> Sequence[Channel]:
        """The channels the caller may see, by medium and name."""
        raise NotImplementedError

    def estimate(self, caller: Caller, request: ExportRequest) -> Estimate:
        """How many rows a request would give now."""
        raise NotImplementedError

    def preview(self, caller: Caller, run_id: str, rows: int = 100) -> Preview:
        """The first rows of a run that is ready."""
        raise NotImplementedError

    def charts(self, caller: Caller, run_id: str) -> Sequence[Chart]:
        """The charts of a run that is ready; none for types that are better read."""
        raise NotImplementedError

    def refusals(self, caller: Caller, limit: int = 100) -> Sequence[KeptRefusal]:
        """The newest refused events with reasons; administrators only."""
        raise NotImplementedError
