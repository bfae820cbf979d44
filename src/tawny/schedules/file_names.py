"""What the files of a schedule are called at its destinations, and that no two are called alike."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tawny.deliveries.names import ALONE, NamedFile, fit, is_segment, name_of, needs
from tawny.deliveries.run_files import delivered_types, package_name
from tawny.deliveries.store import Destination, DestinationChoice
from tawny.errors import RequestError
from tawny.exports.bundle import PACKAGE
from tawny.model.periods import Period, ranges, request_texts
from tawny.model.zones import requested_zone
from tawny.schedules.choice import ScheduleChoice
from tawny.text import Text

_DAY_MS = 86_400_000
_OWN_SPAN_MS = 3 * 366 * _DAY_MS
"""Names of one schedule that are alike for two ranges are so within three years."""
_OTHERS_SPAN_MS = 70 * _DAY_MS
"""Two schedules whose names may be alike share one within ten weeks."""


@dataclass(frozen=True, slots=True)
class _Naming:
    """All that names of a schedule at a destination depend on, but slot, type and content."""

    template: str
    org: str
    folder: str
    schedule: str
    schedule_id: int
    types: tuple[str, ...]
    ending: str
    frequency: str
    time_zone: str

    @classmethod
    def of(
        cls, destination: DestinationChoice, choice: ScheduleChoice, schedule_id: int
    ) -> _Naming:
        """From what was set."""
        options = destination.options
        types, ending = delivered_types(choice.request)
        return cls(
            template=options.get("template", ALONE),
            org=options.get("org", ""),
            folder=options.get("folder", ""),
            schedule=choice.name,
            schedule_id=schedule_id,
            types=tuple(types),
            ending=ending,
            frequency=choice.frequency,
            time_zone=choice.request.time_zone,
        )

    def name(self, slot: Period, revision: int, export_type: str, ending: str, sha256: str) -> str:
        """The name of a file of a slot."""
        named = NamedFile(
            export_type=export_type,
            from_ms=slot.from_ms,
            to_ms=slot.to_ms,
            zone=requested_zone(self.time_zone),
            hourly=self.frequency == "hourly",
            schedule=self.schedule,
            schedule_id=self.schedule_id,
            revision=revision,
            ending=ending,
            sha256=sha256,
            org=self.org,
            folder=self.folder,
        )
        return name_of(self.template, named)

    def names(
        self, now_ms: int, span_ms: int, *, packages: bool, one_type: bool = False
    ) -> Iterator[tuple[str, str, Period]]:
        """The names of the files of the next slots, with type and slot of each."""
        types = self.types[:1] if one_type else self.types
        for slot in itertools.takewhile(
            lambda slot: slot.from_ms < now_ms + span_ms,
            ranges(self.frequency, requested_zone(self.time_zone), now_ms),
        ):
            names = [self.name(slot, 1, one, self.ending, "0" * 64) for one in types]
            yield from zip(names, types, itertools.repeat(slot))
            if packages and len(types) > 1:
                yield package_name(names), PACKAGE, slot


def file_name(
    destination: Destination,
    choice: ScheduleChoice,
    schedule_id: int,
    slot: Period,
    revision: int,
    export_type: str,
    ending: str,
    sha256: str,
) -> str:
    """The name of a file of a slot at a destination."""
    naming = _Naming.of(destination.choice, choice, schedule_id)
    return naming.name(slot, revision, export_type, ending, sha256)


def check_names(
    destination: Destination,
    choice: ScheduleChoice,
    schedule_id: int,
    others: Sequence[tuple[int, ScheduleChoice]],
    now_ms: int,
) -> None:
    """Raise `RequestError` with an example when two files of a schedule, or one of it and one of
    another with that destination, would have one name."""
    if not destination.keeps_files:
        return
    check_own_names(destination.choice, choice, now_ms)
    naming = _Naming.of(destination.choice, choice, schedule_id)
    if not others:
        return
    own = {
        name: (export_type, slot)
        for name, export_type, slot in naming.names(now_ms, _OTHERS_SPAN_MS, packages=True)
    }
    for other_id, other in others:
        if not _may_share(destination, choice, other):
            continue
        other_naming = _Naming.of(destination.choice, other, other_id)
        for name, export_type, slot in other_naming.names(now_ms, _OTHERS_SPAN_MS, packages=True):
            if name in own:
                raise RequestError(
                    "template: found {template!r} at {destination}, by which a file of this "
                    "schedule and one of the schedule {schedule} would both be called {name}: "
                    "{one} and {other}; a template with {{schedule}}, or another destination, "
                    "tells them apart",
                    template=destination.choice.options["template"],
                    destination=destination.choice.name,
                    schedule=other.name,
                    name=name,
                    one=_words(choice, *own[name]),
                    other=_words(other, export_type, slot),
                )


def check_own_names(destination: DestinationChoice, choice: ScheduleChoice, now_ms: int) -> None:
    """Raise `RequestError` with an example when two files of a schedule would have one name.

    That takes up to a second and is remembered: who holds others up asks before."""
    naming = _Naming.of(destination, choice, 0)
    clash = _clash(naming, now_ms - now_ms % _DAY_MS)
    if clash is not None:
        name, one, other = clash
        raise RequestError(
            "template: found {template!r} at {destination}, by which two files would be called "
            "{name}: {one} and {other}; a template such as {{from}} tells ranges apart, "
            "{{type}} types",
            template=naming.template,
            destination=destination.name,
            name=name,
            one=_words(choice, *one),
            other=_words(choice, *other),
        )


@functools.lru_cache(maxsize=4096)
def _clash(
    naming: _Naming, now_ms: int
) -> tuple[str, tuple[str, Period], tuple[str, Period]] | None:
    """A name that two files of a schedule would have, with type and slot of both."""
    if needs(naming.template, "uuid"):
        return None
    seen: dict[str, tuple[str, Period]] = {}
    one_type = is_segment(naming.template, "type")
    names = naming.names(now_ms, _OWN_SPAN_MS, packages=False, one_type=one_type)
    for name, export_type, slot in names:
        before = seen.setdefault(name, (export_type, slot))
        if before != (export_type, slot):
            return name, before, (export_type, slot)
    return None


def _may_share(destination: Destination, one: ScheduleChoice, other: ScheduleChoice) -> bool:
    """Whether two schedules could have a name in common at all; nearly none do."""
    template = destination.choice.options["template"]
    if needs(template, "uuid"):
        return False
    if is_segment(template, "schedule") and fit(one.name) != fit(other.name):
        return False
    types, ending = delivered_types(one.request)
    other_types, other_ending = delivered_types(other.request)
    if not needs(template, "type"):
        return True
    both_bundles = len(types) > 1 and len(other_types) > 1
    alike = set(types) & set(other_types)
    return both_bundles or (bool(alike) and ending == other_ending)


def _words(choice: ScheduleChoice, export_type: str, slot: Period) -> Text:
    start, end = request_texts(choice.frequency, choice.timing(0, ()).zone, slot)
    return Text(
        "{export_type} from {start} to {end}", export_type=export_type, start=start, end=end
    )
