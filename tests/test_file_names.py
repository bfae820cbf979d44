"""Names of delivered files: what is not looked at one by one cannot be alike."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from effort import examples
from tawny.deliveries.names import checked_template
from tawny.deliveries.store import Destination, DestinationChoice
from tawny.errors import RequestError
from tawny.exports.request import ExportRequest
from tawny.model.periods import ranges
from tawny.model.zones import current_ms, requested_zone
from tawny.schedules.choice import ScheduleChoice
from tawny.schedules.file_names import check_names, file_name

DAYS_MS = 40 * 86_400_000
PARTS = st.sampled_from([
    "{type}", "{date:%d}", "{date:%Y-%m-%d}", "{from}", "{to}", "{schedule}", "{ext}", "{org}",
    "{date:%H%M}", "{revision}", "{folder}", "/", "_", "-", "a", "x-1",
])  # fmt: skip
TEMPLATES = st.lists(PARTS, min_size=1, max_size=7).map("".join)
NAMES = st.sampled_from(["a", "a-1", "a/1", "1", "x-1", "teams", "a_2026"])
TYPES = st.sampled_from([("teams",), ("tags", "topics"), ("users", "user-presence", "teams")])


def choice_of(name: str, types: tuple[str, ...], frequency: str) -> ScheduleChoice:
    request = ExportRequest(exports=types, time_zone="Europe/Paris", kind="scheduled")
    return ScheduleChoice(name, request, frequency, ["there"])


def names_of(at: Destination, choice: ScheduleChoice, number: int, now_ms: int) -> list[str]:
    """Every name of some weeks, one by one."""
    names: list[str] = []
    for slot in ranges(choice.frequency, requested_zone("Europe/Paris"), now_ms):
        if slot.from_ms >= now_ms + DAYS_MS:
            return names
        names += [
            file_name(at, choice, number, slot, 1, kind, ".csv", "0" * 64)
            for kind in choice.request.exports
        ]
    raise AssertionError


@settings(max_examples=examples(150), deadline=None)
@given(TEMPLATES, NAMES, NAMES, TYPES, TYPES, st.sampled_from(["daily", "weekly"]))
def test_names_that_are_alike_are_found(
    template: str, one: str, two: str, types: tuple[str, ...], others: tuple[str, ...], every: str
) -> None:
    options = {"template": template, "org": "o", "path": "/srv"}
    try:
        checked_template(template)
    except RequestError:
        assume(False)
    at = Destination(1, DestinationChoice("there", "folder", options, {}), 0, None, None)
    now_ms = current_ms()
    first, second = choice_of(one, types, every), choice_of(two, others, every)
    try:
        own, other = names_of(at, first, 1, now_ms), names_of(at, second, 2, now_ms)
    except RequestError:
        assume(False)
    alike = len(set(own)) < len(own) or bool({*own} & {*other})
    try:
        check_names(at, first, 1, [(2, second)], now_ms)
    except RequestError:
        return
    assert not alike, sorted({*own} & {*other})[:3]
