"""What the API takes and gives of schedules as code: what is wanted, and what became of each. The
command line reads its file as the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tawny.deliveries.own_secrets import END, NEW
from tawny.errors import RequestError
from tawny.schedules.applying import Applied, FieldChange, Wanted, WantedSchedule
from tawny.server.api.destination_shapes import DestinationBody
from tawny.server.api.saved_shapes import SavedBody
from tawny.server.api.schedule_shapes import ScheduleBody

MOST_OF_A_KIND = 1000


class WantedScheduleBody(ScheduleBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A schedule as it is wanted."""

    active: Annotated[bool | None, Meta(description="Left out = as it is; a new one runs")] = None  # type: ignore[assignment]

    def wanted(self) -> WantedSchedule:
        """The same for the layers below."""
        return WantedSchedule(self.choice(), self.active, self.owner)


class ApplyBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is wanted, each by its name. What of one is not given is as when it is made anew; owner,
    active and secrets stay as they are."""

    destinations: Annotated[list[DestinationBody], Meta(max_length=MOST_OF_A_KIND)] = []
    saved_exports: Annotated[list[SavedBody], Meta(max_length=MOST_OF_A_KIND)] = []
    schedules: Annotated[list[WantedScheduleBody], Meta(max_length=MOST_OF_A_KIND)] = []
    prune: Annotated[bool, Meta(description="Remove what is not named here")] = False
    dry_run: Annotated[bool, Meta(description="Say what would be done, and do nothing")] = False

    def wanted(self, home: Path) -> Wanted:
        """The same for the layers below; secrets are encrypted from here on. Raises
        `RequestError` for what is something to do and no state to be in."""
        for number, one in enumerate(self.destinations):
            for field, found, words in (
                ("signing_secret", one.signing_secret, (NEW, END)),
                ("host_key", one.host_key, (NEW,)),
            ):
                if found in words:
                    raise RequestError(
                        "destinations.{number}.{field}: found {found}, which is something to do; "
                        "leave it out here and give it with tawny destinations set",
                        number=number,
                        field=field,
                        found=found,
                    )
        return Wanted(
            [one.choice(home) for one in self.destinations],
            [one.choice() for one in self.saved_exports],
            [one.wanted() for one in self.schedules],
        )


class FieldChangeAnswer(Struct):
    """A field that is set otherwise; of a secret neither side is told."""

    field: str
    before: str | None
    after: str | None

    @classmethod
    def of(cls, change: FieldChange) -> FieldChangeAnswer:
        """From a change."""
        return cls(change.field, _shown(change.before), _shown(change.after))


class AppliedAnswer(Struct):
    """What became of one; with `dry_run` what would."""

    kind: Literal["destination", "saved_export", "schedule"]
    name: str
    what: Literal["added", "changed", "removed", "same", "left"]
    """`left`: not named, and there all the same."""
    fields: list[FieldChangeAnswer]
    signing_secret: str | None
    """The one that Tawny made at this very call."""


class ApplyAnswer(Struct):
    """What became of all of it."""

    dry_run: bool
    items: list[AppliedAnswer]

    @classmethod
    def of(cls, done: list[Applied], *, dry_run: bool) -> ApplyAnswer:
        """From what was done, or would be."""
        return cls(
            dry_run,
            [
                AppliedAnswer(
                    one.kind,
                    one.name,
                    one.what,
                    [FieldChangeAnswer.of(change) for change in one.fields],
                    None if dry_run else one.made_secret or None,
                )
                for one in done
            ],
        )


def _shown(value: object) -> str | None:
    if value in (None, "", [], ()):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
