"""What the API takes and gives of schedules and deliveries, as JSON; the command line
reads and prints the same."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, convert

from tawny.exports.request import ExportChoices, ExportRequest
from tawny.languages import translated
from tawny.queries.catalogue import ExportName
from tawny.schedules.announcement import announcement
from tawny.schedules.choice import DEFAULT_DELAY, NO_CORRECTIONS, NO_WAIT, ScheduleChoice
from tawny.schedules.rows import Delivery
from tawny.schedules.schedules import ScheduleNews
from tawny.server.api.shapes import ExportBody, instant
from tawny.settings import Settings

Name = Annotated[str, Meta(min_length=1, max_length=255)]
PersonName = Annotated[str, Meta(max_length=255)]
Duration = Annotated[str, Meta(max_length=16)]
Frequency = Literal["hourly", "daily", "weekly", "monthly"]
ErasureName = Literal["due", "followed", "sent", "gone"]
DeliveryStateName = Literal["waiting", "running", "delivered", "failed", "given_up", "skipped"]


class ScheduleBody(ExportBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A schedule: a request without a range, and when and where to."""

    export_type: ExportName | Literal[""] = ""
    # The ranges follow from the frequency.
    start: None = None
    end: None = None
    as_of: None = None
    name: Name
    frequency: Frequency
    destinations: Annotated[
        list[str],
        Meta(min_length=1, max_length=100, description="Names of destinations"),
    ]
    delay: Annotated[Duration, Meta(description="How long after the end of a range it is made")] = (
        DEFAULT_DELAY
    )
    wait: Annotated[
        Duration,
        Meta(description="How much longer, at most, for channels that are not complete; or `off`"),
    ] = NO_WAIT
    corrections: Annotated[
        Duration,
        Meta(
            description="For how long after the end of a range late events have it delivered "
            "again, such as `7d`; or `off`"
        ),
    ] = NO_CORRECTIONS
    changes: Annotated[
        bool,
        Meta(
            description="Files of what changed since the one before, as `GET /feeds/TYPE` tells it"
        ),
    ] = False
    notify: Annotated[
        tuple[PersonName, ...],
        Meta(
            max_length=100,
            description="Who is told how its deliveries go, besides its owner: the names they sign "
            "in with",
        ),
    ] = ()
    content: Annotated[
        Literal["setting", "yes", "no"],
        Meta(description="Contents of messages: as the setting for scheduled runs says, or not"),
    ] = "setting"
    owner: Annotated[
        str, Meta(max_length=255, description="Who it runs for; empty = you, or as it is")
    ] = ""
    active: bool = True

    def choice(self) -> ScheduleChoice:
        """The same for the layers below."""
        fields = {name: getattr(self, name) for name in ExportChoices.__struct_fields__}
        request = ExportRequest(**fields, content=self.content, kind="scheduled")
        return ScheduleChoice.of(self, request)


class SlotAnswer(Struct, rename={"start": "from", "end": "to"}):
    """A range of a schedule, in its time zone."""

    start: str
    end: str


class ScheduleAnswer(Struct):
    """A schedule and how it goes."""

    id: int
    name: str
    exports: list[str]
    time_zone: str
    channels: list[str]
    columns: list[str]
    headers: str
    format: str
    dialect: str
    long_cells: str
    bundle: str
    content: str
    frequency: str
    delay: str
    wait: str
    corrections: str
    changes: bool
    notify: list[str]
    """Who is told how its deliveries go, besides its owner."""
    destinations: list[str]
    owner: str
    active: bool
    stopped: str | None
    """Why it does not run though it is active."""
    next_run_at: str | None
    """When its next range is made; none while it is paused."""
    last_delivered_at: str | None
    failing: int
    """Deliveries that did not work and are tried again, or are given up."""
    failing_since: str | None
    created_at: str | None

    @classmethod
    def of(cls, news: ScheduleNews, language: str) -> ScheduleAnswer:
        """From a schedule; why it does not run is said in the language."""
        schedule, choice = news.schedule, news.schedule.choice
        request = choice.request
        exports = request.exports if request.is_bundle else (request.export_type,)
        return cls(
            id=schedule.id,
            name=choice.name,
            exports=list(exports),
            time_zone=request.time_zone,
            channels=list(request.channels),
            columns=list(request.columns),
            headers=request.headers,
            format=request.format,
            dialect=request.dialect,
            long_cells=request.long_cells,
            bundle=request.bundle,
            content=request.content,
            frequency=choice.frequency,
            delay=choice.delay,
            wait=choice.wait,
            corrections=choice.corrections,
            changes=choice.changes,
            notify=list(choice.notify),
            destinations=list(choice.destinations),
            owner=schedule.owner,
            active=schedule.active,
            stopped=None if schedule.stopped is None else translated(schedule.stopped, language),
            next_run_at=instant(news.next_due_ms),
            last_delivered_at=instant(news.summary.delivered_ms),
            failing=news.summary.failing,
            failing_since=instant(news.summary.failing_since_ms),
            created_at=instant(schedule.created_ms),
        )


class BackfillBody(
    Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}
):
    """Which ranges of the past are to be made."""

    start: Annotated[str, Meta(max_length=64)]
    end: Annotated[str, Meta(max_length=64)]
    again: Annotated[bool, Meta(description="Those that are there too, as their next revision")] = (
        False
    )


class MadeAnswer(Struct):
    """How many ranges are made now."""

    ranges: int


class DeliveredFile(Struct):
    """A file that is there."""

    name: str
    rows: int | None
    """None for one that an earlier version delivered."""
    bytes: int
    sha256: str


class LateChannelAnswer(Struct):
    """A channel of which a file may lack events."""

    channel_id: str
    name: str | None
    complete_until: str | None
    """None where nothing has come of it."""


class IncompletenessAnswer(Struct):
    """Of which channels the files of a delivery may lack events."""

    count: int
    all: int
    """Of how many channels."""
    channels: list[LateChannelAnswer]
    """The first twenty, the longest late first; the receipt has all."""


class RowChangesAnswer(Struct):
    """How many rows of a revision are other ones than in the one before."""

    added: int
    removed: int
    changed: int


class SendBody(Struct, forbid_unknown_fields=True):
    """Where an export is to be sent."""

    destination: Annotated[str, Meta(max_length=255)]
    """Its name."""


class DeliveryAnswer(Struct):
    """A range of a schedule, its revision and a destination; or an export that was sent once."""

    id: int
    schedule_id: int | None
    """None where an export was sent once."""
    schedule: str | None
    exports: list[str]
    time_zone: str
    slot: SlotAnswer
    revision: int
    destination: str
    state: DeliveryStateName
    reason: str | None
    """Why it is not delivered, or what it waits for."""
    tries: int
    next_try_at: str | None
    delivered_at: str | None
    files: list[DeliveredFile]
    incomplete: IncompletenessAnswer | None
    """Of which channels the files may lack events; none where they are complete, or not made."""
    changes: RowChangesAnswer | None
    """Of a revision, against the one before; the receipt names the rows and the events."""
    erasure: ErasureName | None
    """What becomes of files that hold somebody who was erased since: `due` = they are taken back
    as soon as the next revision is there; `followed` = they were, or replaced; `sent` = the mail
    cannot be taken back; `gone` = nobody knows any more how to get there."""
    export: str | None
    """The run that made the files."""
    link: str | None
    """Its page, where `TAWNY_PUBLIC_URL` says how people reach the server."""

    @classmethod
    def of(cls, delivery: Delivery, language: str, settings: Settings) -> DeliveryAnswer:
        """From a delivery; why it failed is said in the language."""
        goes = {
            "state": delivery.state.value,
            "reason": None if delivery.reason is None else translated(delivery.reason, language),
            "tries": delivery.tries,
            # A slot that was just decided is tried at once, which is no instant.
            "next_try_at": instant(delivery.next_try_ms or None),
            "delivered_at": instant(delivery.delivered_ms),
            "files": [{"rows": None, **one} for one in delivery.files],
            "erasure": delivery.erasure,
        }
        return convert({**announcement(delivery, settings), **goes}, cls)


class DeliveriesAnswer(Struct):
    """A page of deliveries, newest first."""

    items: list[DeliveryAnswer]
    next_cursor: str | None
