"""Instants, zones and business hours that random logs use, as many near clock changes as not."""

import random
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from oracle.values import aware, bound_of, offset_at

UTC_ZONE = ZoneInfo("UTC")
HOUR = 3600 * 1000
DAY = 24 * HOUR

ZONES = (
    "UTC",
    "Europe/Paris",
    "Australia/Lord_Howe",  # changes by half an hour
    "Asia/Kathmandu",
    "America/St_Johns",
    "Africa/Casablanca",  # winter time is Ramadan
    "Pacific/Chatham",
    "Africa/Cairo",  # skips midnight
    "America/Santiago",  # skips midnight, repeats the last hour of the day
    "America/Havana",  # skips and repeats midnight
    "Pacific/Kiritimati",
    "Pacific/Apia",  # left out 30 December 2011
    "Africa/Monrovia",  # 44 minutes and 30 seconds behind UTC until 1972
)

# Clock changes of the zones above, borders of months and years, and ordinary days.
ANCHORS = tuple(
    bound_of(text, UTC_ZONE)
    for text in (
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-10-03T15:30:00Z",
        "2026-03-08T05:30:00Z",
        "2026-11-01T04:30:00Z",
        "2026-02-15T02:00:00Z",
        "2026-03-22T02:00:00Z",
        "2026-04-23T22:00:00Z",
        "2026-10-29T21:00:00Z",
        "2026-04-05T03:00:00Z",
        "2026-09-06T04:00:00Z",
        "2026-03-08T05:00:00Z",
        "2026-11-01T05:00:00Z",
        "2025-12-31T23:30:00Z",
        "2026-05-31T23:59:59.999Z",
        "2026-06-08T10:00:00Z",
        "2026-06-12T16:50:00Z",
        "2011-12-30T10:00:00Z",
        "1972-01-07T00:44:30Z",
        "1969-12-31T23:59:59.999Z",
        "0999-12-31T23:00:00Z",
    )
)

OFFSETS = ("Z", "z", "+00:00", "-00:00", "+02:00", "-03:30", "+05:45", "+14:00", "-11:00")


def near(rng: random.Random, anchor: int) -> int:
    """An instant some hours before or after an anchor."""
    reach = rng.choice([1, 2 * HOUR, 2 * HOUR, DAY])
    return anchor + rng.choice([0, rng.randint(-reach, reach), rng.randint(-reach, reach)])


def changing_zones(instant: int) -> list[str]:
    """The zones whose clocks change within two days of an instant, or all."""
    changing = [name for name in ZONES if change_near(instant, ZoneInfo(name)) is not None]
    return changing or list(ZONES)


def change_near(instant: int, zone: ZoneInfo) -> int | None:
    """The anchor within two days of an instant at which a zone's clocks change, if any."""
    for anchor in ANCHORS:
        changes = offset_at(anchor - 1, zone) != offset_at(anchor, zone)
        if changes and abs(anchor - instant) <= 2 * DAY:
            return anchor
    return None


def step(rng: random.Random, *, leaps: bool) -> int:
    """Milliseconds to the next event: often none, seldom more than hours; with leaps now and then
    weeks or years."""
    if leaps and rng.random() < 0.06:
        return rng.choice([DAY, 7 * DAY, 20 * DAY, 31 * DAY, 40 * DAY, 100 * DAY, 800 * DAY])
    steps: list[Callable[[], int]] = [
        lambda: 0,
        lambda: 0,
        lambda: 1,
        lambda: 500,
        lambda: rng.randint(1, 60_000),
        lambda: 60_000 * rng.randint(1, 30),
        lambda: 60_000 * rng.randint(1, 30),
        lambda: rng.randint(1, 4 * 3_600_000),
        lambda: rng.choice([3_600_000, 30 * 60_000, DAY // 4]),
    ]
    if rng.random() < 0.01:
        return rng.choice([DAY, 3 * DAY])
    return rng.choice(steps)()


def offset_text(rng: random.Random, instant: int, offset: str | None = None) -> str:
    """An instant with some offset, to the millisecond."""
    offset = offset or rng.choice(OFFSETS)
    shift = 0
    if offset not in "Zz":
        shift = int(offset[1:3]) * 60 + int(offset[4:])
        shift = -shift if offset[0] == "-" else shift
    local = aware(instant, UTC_ZONE).astimezone(UTC) + timedelta(minutes=shift)
    return f"{local.replace(tzinfo=None).isoformat(timespec='milliseconds')}{offset}"


def time_text(rng: random.Random, instant: int) -> str:
    """An event's time in one of the ways to write it; digits finer than milliseconds are cut."""
    text = offset_text(rng, instant)
    whole, rest = text[:19], text[20:]
    digits, offset = rest[:3], rest[3:]
    if digits == "000" and rng.random() < 0.7:
        written = whole
    elif rng.random() < 0.2:
        written = f"{whole}.{digits}{rng.choice(['9', '5', '000', '999999'])}"
    else:
        shorter = digits.rstrip("0") or "0"
        written = f"{whole}.{rng.choice([digits, shorter])}"
    if rng.random() < 0.05:
        written = written.replace("T", "t")
    return written + offset


def business_hours(rng: random.Random, instant: int) -> dict[str, Any] | None:
    """Hours with overlaps, borders inside clock changes, ends at 24:00 and holidays nearby."""
    if rng.random() < 0.25:
        return None
    name = rng.choice(rng.choice([ZONES, changing_zones(instant)]))
    weekly: dict[str, list[list[str]]] = {}
    for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"):
        roll = rng.random()
        if roll < 0.15:
            continue
        weekly[day] = [] if roll < 0.2 else [window(rng) for _ in range(rng.randint(1, 3))]
    hours: dict[str, Any] = {"time_zone": name, "weekly": weekly}
    if rng.random() < 0.5:
        days = rng.sample(range(-2, 4), rng.randint(0, 4))
        local = aware(instant, ZoneInfo(name))
        hours["holidays"] = [f"{(local + timedelta(days=day)).date()}" for day in days]
    return hours


def window(rng: random.Random) -> list[str]:
    """Start and end of an opening."""
    usual = [["09:00", "17:00"], ["00:00", "24:00"], ["08:00", "12:00"], ["22:00", "24:00"]]
    usual += [["02:15", "02:45"], ["00:00", "00:30"], ["01:00", "02:30"], ["00:15", "09:00"]]
    usual += [["23:30", "24:00"], ["02:30", "03:30"], ["23:15", "23:45"]]
    if rng.random() < 0.6:
        return rng.choice(usual)
    start, end = sorted(rng.sample(range(24 * 4 + 1), 2))
    return [f"{quarter // 4:02d}:{quarter % 4 * 15:02d}" for quarter in (start, end)]
