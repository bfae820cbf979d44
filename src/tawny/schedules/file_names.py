"""What the files of a schedule are called at its destinations, and that no two are called alike."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from tawny.deliveries.names import ALONE, NamedFile, name_of, needs
from tawny.deliveries.run_files import delivered_types, package_name
from tawny.deliveries.store import Destination
from tawny.errors import RequestError
from tawny.exports.bundle import PACKAGE
from tawny.model.periods import Period, ranges, request_texts
from tawny.schedules.choice import ScheduleChoice
from tawny.text import Text

_DAY_MS = 86_400_000
_OWN_SPAN_MS = 3 * 366 * _DAY_MS
"""Names of one schedule that are alike for two ranges are so within three years."""
_OTHERS_SPAN_MS = 70 * _DAY_MS
"""Two schedules whose names may be alike share one within ten weeks."""


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
    options = destination.choice.options
    named = NamedFile(
        export_type=export_type,
        from_ms=slot.from_ms,
        to_ms=slot.to_ms,
        zone=choice.timing(0, ()).zone,
        hourly=choice.frequency == "hourly",
        schedule=choice.name,
        schedule_id=schedule_id,
        revision=revision,
        ending=ending,
        sha256=sha256,
        org=options.get("org", ""),
        folder=options.get("folder", ""),
    )
    return name_of(options.get("template", ALONE), named)


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
    seen: dict[str, tuple[str, Period]] = {}
    for name, export_type, slot in _names(
        destination, choice, schedule_id, now_ms, _OWN_SPAN_MS, packages=False
    ):
        before = seen.setdefault(name, (export_type, slot))
        if before != (export_type, slot):
            raise RequestError(
                "template: found {template!r} at {destination}, by which two files would be called "
                "{name}: {one} and {other}; a template such as {{from}} tells ranges apart, "
                "{{type}} types",
                template=destination.choice.options["template"],
                destination=destination.choice.name,
                name=name,
                one=_words(choice, *before),
                other=_words(choice, export_type, slot),
            )
    if not others:
        return
    own = {
        name: (export_type, slot)
        for name, export_type, slot in _names(
            destination, choice, schedule_id, now_ms, _OTHERS_SPAN_MS, packages=True
        )
    }
    for other_id, other in others:
        if not _may_share(destination, choice, other):
            continue
        for name, export_type, slot in _names(
            destination, other, other_id, now_ms, _OTHERS_SPAN_MS, packages=True
        ):
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


def _may_share(destination: Destination, one: ScheduleChoice, other: ScheduleChoice) -> bool:
    """Whether two schedules could have a name in common at all; nearly none do."""
    if needs(destination.choice.options["template"], "uuid"):
        return False
    types, ending = delivered_types(one.request)
    other_types, other_ending = delivered_types(other.request)
    if not needs(destination.choice.options["template"], "type"):
        return True
    both_bundles = len(types) > 1 and len(other_types) > 1
    alike = set(types) & set(other_types)
    return both_bundles or (bool(alike) and ending == other_ending)


def _names(
    destination: Destination,
    choice: ScheduleChoice,
    schedule_id: int,
    now_ms: int,
    span_ms: int,
    *,
    packages: bool,
) -> Iterator[tuple[str, str, Period]]:
    types, ending = delivered_types(choice.request)
    timing = choice.timing(0, ())
    for slot in itertools.takewhile(
        lambda slot: slot.from_ms < now_ms + span_ms,
        ranges(choice.frequency, timing.zone, now_ms),
    ):
        names = [
            file_name(destination, choice, schedule_id, slot, 1, name, ending, "0" * 64)
            for name in types
        ]
        yield from zip(names, types, itertools.repeat(slot))
        if packages and len(types) > 1:
            yield package_name(names), PACKAGE, slot


def _words(choice: ScheduleChoice, export_type: str, slot: Period) -> Text:
    start, end = request_texts(choice.frequency, choice.timing(0, ()).zone, slot)
    return Text(
        "{export_type} from {start} to {end}", export_type=export_type, start=start, end=end
    )
