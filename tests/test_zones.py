"""Local times and instants: worked dates, and every zone against plain search."""

import doctest
import random
import zoneinfo
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commands import export, ingest, ndjson
from effort import examples
from generated_times import ANCHORS
from generated_times import ZONES as ODD_ZONES
from oracle import values
from tawny.errors import UnknownValueError
from tawny.model import zones
from tawny.model.zones import instant_text, local_to_ms, offset_ms, offset_segments, zone

DAY_MS = 86_400_000
MINUTE_MS = 60_000
ALL_ZONES = sorted(zoneinfo.available_timezones())
ZONE_NAMES = st.one_of(st.sampled_from(ODD_ZONES), st.sampled_from(ALL_ZONES))
INSTANTS = st.one_of(
    st.sampled_from(ANCHORS).flatmap(
        lambda anchor: st.integers(anchor - 2 * DAY_MS, anchor + 2 * DAY_MS)
    ),
    # From before the first zones with rules to the year 9998.
    st.integers(-2_500_000_000_000, 253_340_000_000_000),
)


def test_the_worked_dates_of_the_docstrings() -> None:
    found = doctest.testmod(zones)
    assert found.attempted >= 4
    assert found.failed == 0


def instant(text: str) -> int:
    return zones.to_ms(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("name", "local", "means"),
    [
        # An ordinary time, east and west, and offsets that are no whole hours.
        ("UTC", "2026-09-14T00:00", "2026-09-14T00:00+00:00"),
        ("Asia/Kathmandu", "2026-09-14T00:00", "2026-09-13T18:15+00:00"),
        ("America/St_Johns", "2026-09-14T00:00", "2026-09-14T02:30+00:00"),
        ("Pacific/Kiritimati", "2026-09-14T00:00", "2026-09-13T10:00+00:00"),
        # Skipped: the instant the clocks jump to, whatever the minute.
        ("Europe/Paris", "2025-03-30T02:00", "2025-03-30T01:00+00:00"),
        ("Europe/Paris", "2025-03-30T02:59:59.999", "2025-03-30T01:00+00:00"),
        ("Europe/Paris", "2025-03-30T03:00", "2025-03-30T01:00+00:00"),
        ("Europe/Paris", "2025-03-30T01:59:59.999", "2025-03-30T00:59:59.999+00:00"),
        ("Africa/Cairo", "2025-04-25T00:00", "2025-04-24T22:00+00:00"),
        ("America/Santiago", "2025-09-07T00:30", "2025-09-07T04:00+00:00"),
        ("Australia/Lord_Howe", "2025-10-05T02:29", "2025-10-04T15:30+00:00"),
        ("America/Havana", "2025-03-09T00:00", "2025-03-09T05:00+00:00"),
        # A whole day that never was: Samoa went over the date line.
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00+00:00"),
        # Repeated: the first of the two.
        ("Europe/Paris", "2025-10-26T02:00", "2025-10-26T00:00+00:00"),
        ("Europe/Paris", "2025-10-26T02:59:59.999", "2025-10-26T00:59:59.999+00:00"),
        ("Europe/Paris", "2025-10-26T03:00", "2025-10-26T02:00+00:00"),
        ("America/Havana", "2025-11-02T00:00", "2025-11-02T04:00+00:00"),
        ("America/Santiago", "2025-04-05T23:30", "2025-04-06T02:30+00:00"),
        ("Australia/Lord_Howe", "2025-04-06T01:45", "2025-04-05T14:45+00:00"),
        # Daylight saving written as a negative step: winter is the special time.
        ("Europe/Dublin", "2025-10-26T01:30", "2025-10-26T00:30+00:00"),
        ("Africa/Casablanca", "2025-02-23T02:30", "2025-02-23T01:30+00:00"),
    ],
)
def test_a_local_time_means_one_instant(name: str, local: str, means: str) -> None:
    assert local_to_ms(datetime.fromisoformat(local), zone(name)) == instant(means)


@settings(max_examples=examples(300))
@given(name=ZONE_NAMES, moment=INSTANTS)
@example(name="America/Havana", moment=1_793_510_100_000)
def test_an_instant_comes_back_from_its_local_time(name: str, moment: int) -> None:
    """Local time and offset name the instant; without the offset it is the first of two."""
    tz = zone(name)
    offset = offset_ms(moment, tz)
    local = zones.from_ms(moment + offset).replace(tzinfo=None)
    back = local_to_ms(local, tz)
    assert back <= moment
    assert back + offset_ms(back, tz) == moment + offset


@settings(max_examples=examples(300))
@given(name=ZONE_NAMES, moment=INSTANTS, minutes=st.integers(-120, 120))
def test_a_local_time_is_what_plain_search_finds(name: str, moment: int, minutes: int) -> None:
    """The oracle searches; the product halves."""
    tz = zone(name)
    local = datetime(1970, 1, 1) + timedelta(milliseconds=moment + minutes * MINUTE_MS)  # noqa: DTZ001
    assert local_to_ms(local, tz) == values.instant_of_local(local, zoneinfo.ZoneInfo(name))


@settings(max_examples=examples(40))
@given(
    name=ZONE_NAMES,
    months=st.lists(
        st.tuples(st.integers(1950, 2045), st.integers(1, 12)), min_size=1, max_size=5, unique=True
    ),
    seed=st.integers(0, 2**32),
)
@example(name="America/Havana", months=[(2026, 11), (2026, 3)], seed=0)
@example(name="Australia/Lord_Howe", months=[(2026, 4), (2026, 10)], seed=0)
@example(name="Africa/Casablanca", months=[(2026, 2), (2026, 3)], seed=0)
def test_the_segments_of_months_give_every_offset(
    name: str, months: list[tuple[int, int]], seed: int
) -> None:
    """At random instants and around every change of the months asked for."""
    tz = zone(name)
    segments = offset_segments(tz, [f"{year:04d}-{month:02d}" for year, month in months])
    starts = [start for start, _ in segments]
    assert starts == sorted(set(starts))
    rng = random.Random(seed)

    def offset_of(moment: int) -> int:
        return [offset for start, offset in segments if start <= moment][-1]

    for year, month in months:
        first = zones.to_ms(datetime(year, month, 1, tzinfo=UTC))
        last = zones.to_ms(datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)) - 1
        inside = [first, last, *(rng.randint(first, last) for _ in range(30))]
        inside += [s + step for s in starts for step in (-1, 0, 1) if first <= s + step <= last]
        for moment in inside:
            assert offset_of(moment) == offset_ms(moment, tz), instant_text(moment)


def test_zones_come_from_the_package_and_not_from_the_machine() -> None:
    assert zoneinfo.TZPATH == ()
    assert zone("Europe/Paris").key == "Europe/Paris"


@pytest.mark.parametrize("name", ["America/Havana", "Africa/Casablanca", "Asia/Gaza"])
def test_a_file_shows_the_offsets_of_the_package(name: str, tmp_path: Path) -> None:
    """The engine has a copy of the database of its own, which may be older."""
    moments = [datetime(2026, month, 10, 12, tzinfo=UTC) for month in range(1, 13)]
    events = [
        {
            "specversion": "1.0",
            "source": "/desk",
            "id": str(moment.month),
            "type": "conversation.created",
            "time": moment.isoformat(),
            "data": {
                "conversation_id": f"c-{moment.month}",
                "channel_id": "x",
                "contact_id": "p",
            },
        }
        for moment in moments
    ]
    ingest(tmp_path / "home", ndjson(events))
    request = {"type": "open-conversations", "tz": name, "as_of": "2027-01-01T00:00:00Z"}
    lines = export(tmp_path / "home", request).decode().splitlines()[1:]
    tz = zoneinfo.ZoneInfo(name)
    assert [line.split(",")[7] for line in lines] == [
        moment.astimezone(tz).isoformat(timespec="milliseconds") for moment in moments
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Europe/Pariss", "did you mean 'Europe/Paris'? use an IANA name such as Europe/Paris"),
        ("europe/paris", "did you mean 'Europe/Paris'? use an IANA name such as Europe/Paris"),
        ("", "use an IANA name such as Europe/Paris"),
        ("../etc/passwd", "use an IANA name such as Europe/Paris"),
        ("+02:00", "use an IANA name such as Europe/Paris"),
    ],
)
def test_an_unknown_zone_is_refused(name: str, text: str) -> None:
    with pytest.raises(UnknownValueError) as error:
        zones.requested_zone(name)
    assert str(error.value).startswith(f"time zone: found {name!r}")
    assert str(error.value).endswith(text)
