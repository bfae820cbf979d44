"""Who is told that deliveries fail: the rule alone, and files that did not come."""

from __future__ import annotations

import doctest
import zoneinfo

from hypothesis import given
from hypothesis import strategies as st

from tawny.model.zones import instant_ms, instant_text
from tawny.schedules import notices
from tawny.schedules.notices import Known, NoticeKind, Trouble, to_tell
from tawny.schedules.planner import Timing, last_range

PARIS = zoneinfo.ZoneInfo("Europe/Paris")


def test_examples() -> None:
    assert doctest.testmod(notices).failed == 0


def trouble(kind: NoticeKind, since_ms: int = 0) -> Trouble:
    return Trouble(kind, 1, "sftp", 1, 1, "daily", None, since_ms)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["fails", "arrives", "is given up"]), st.booleans()
        ), max_size=40,
    )
)  # fmt: skip
def test_a_person_is_told_once_of_each_change(story: list[tuple[str, bool]]) -> None:
    """Deliveries begin to fail, are given up, arrive; whoever looks as often as they like tells
    each change once, in an order that makes sense."""
    failing: list[int] = []
    given_up: list[int] = []
    delivered_ms: int | None = None
    known: Known | None = None
    told: list[NoticeKind] = []
    for number, (what, looks) in enumerate(story):
        now_ms = 10 * (number + 1)
        if what == "fails":
            failing.append(now_ms)
        elif failing:
            since_ms = failing.pop(0)
            if what == "arrives":
                delivered_ms = now_ms
            else:
                given_up.append(since_ms)
        else:
            delivered_ms = now_ms
        for _ in range(4 if looks else 0):
            now_ms += 1
            troubles = [trouble(NoticeKind.GIVEN_UP, one) for one in given_up]
            troubles += [trouble(NoticeKind.FAILED, one) for one in failing]
            found = to_tell(known, troubles, delivered_ms)
            if found is None:
                break
            kind = found.kind if isinstance(found, Trouble) else found
            told.append(kind)
            known = Known(kind, now_ms, 1, "daily", "sftp")
        else:
            if looks:
                raise AssertionError("somebody is told something at every look")
    for before, after in zip(["", *told], told, strict=False):
        allowed = {
            "": ("failed", "given_up"),
            "failed": ("given_up", "recovered"),
            "given_up": ("recovered",),
            "recovered": ("failed", "given_up"),
        }[before]
        assert after in allowed, told


def at_ms(text: str) -> int:
    found = instant_ms(text)
    assert found is not None
    return found


def test_the_last_slot_that_should_have_run() -> None:
    def last(now: str, created: str = "2026-06-01T12:00:00Z", **more: object) -> str | None:
        timing = Timing("daily", PARIS, 900_000, at_ms(created), **more)  # type: ignore[arg-type]
        found = last_range(timing, at_ms(now))
        return None if found is None else instant_text(found.to_ms)

    assert last("2026-06-09T22:15:00Z") == "2026-06-09T22:00:00.000Z"
    assert last("2026-06-09T22:14:59Z") == "2026-06-08T22:00:00.000Z"
    # None before the first, and none for what ended in a pause.
    assert last("2026-06-01T22:14:00Z") is None
    assert last("2026-06-01T22:15:00Z") == "2026-06-01T22:00:00.000Z"
    pause = (at_ms("2026-06-09T20:00:00Z"), at_ms("2026-06-09T23:00:00Z"))
    assert last("2026-06-09T23:30:00Z", pauses=[pause]) is None
