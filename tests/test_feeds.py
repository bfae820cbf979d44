"""The change feed: whoever applies its rows, in any order and again, has what an export has."""

import json
import random
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from effort import examples
from generated_times import DAY, ZONES
from oracle.values import bound_of
from tawny.exports.request import ExportRequest
from tawny.exports.session import ExportSession
from tawny.feeds.feed import FeedReader
from tawny.feeds.request import PERIODS, FeedRequest
from tawny.model.periods import border_after, border_until
from tawny.model.zones import from_ms, instant_text
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.queries.statements import statement_names
from tawny.settings import Settings
from tawny.state.event_log import event_log
from tawny.upkeep.compact import compact
from tawny.upkeep.erase import purge
from test_differential import lock_log, take_in

Json = dict[str, Any]
SETTINGS = Settings()
UTC_ZONE = ZoneInfo("UTC")


class Copy:
    """What a consumer keeps: of each key the row with the largest `at`."""

    def __init__(self, export_type: str) -> None:
        head = query(export_type).head
        self.key = [*head.key]
        if query(export_type).sums_up:
            self.key += ["period_from", "period_to"]
        self.rows: dict[tuple[Any, ...], Json] = {}

    def take(self, rows: Iterable[Json]) -> None:
        for row in rows:
            key = tuple(row[name] for name in self.key)
            if key not in self.rows or self.rows[key]["at"] <= row["at"]:
                self.rows[key] = row

    def cells(self) -> list[str]:
        """The rows that are there, without what a feed adds."""
        gone = {"op", "at", "period_from", "period_to", "channel_id", "n"}
        return sorted(
            json.dumps({name: cell for name, cell in row.items() if name not in gone})
            + row.get("period_from", "")
            for row in self.rows.values()
            if row["op"] != "delete"
        )


def exported(
    home: Path, feed: FeedRequest, as_of_ms: int, spans: list[tuple[int, int]]
) -> list[str]:
    """The same rows by exports: one for each period where rows sum up."""
    export = query(feed.export_type)
    ranges = spans if export.sums_up else [(-62_135_596_800_000, 253_402_300_799_999)]
    rows: list[str] = []
    with ExportSession(home, SETTINGS, as_of_ms) as session:
        for start, end in ranges:
            request = ExportRequest(
                export_type=feed.export_type,
                time_zone=feed.time_zone,
                start=instant_text(start),
                end=instant_text(end),
                channels=feed.channels,
                as_of=instant_text(as_of_ms),
                headers="key",
                format="jsonl",
            )
            target = home / "export.jsonl"
            session.export(request, target)
            zone = ZoneInfo(feed.time_zone)
            period = local_text(start, zone) if export.sums_up else ""
            for line in target.read_bytes().decode().split("\n")[:-1]:
                row = json.loads(line)
                if feed.export_type != "user-presence" or row["to"] is not None:
                    rows.append(json.dumps(row) + period)
    return sorted(rows)


def local_text(at_ms: int, zone: ZoneInfo) -> str:
    return from_ms(at_ms).astimezone(zone).isoformat(timespec="milliseconds")


def periods(feed: FeedRequest, first_ms: int, last_ms: int) -> list[tuple[int, int]]:
    frequency, zone = PERIODS[feed.period or "day"], ZoneInfo(feed.time_zone)
    spans, start = [], border_until(frequency, zone, first_ms)
    while start <= last_ms:
        end = border_after(frequency, zone, start)
        spans.append((start, end))
        start = end
    return spans


def times_of(events: Iterable[Json]) -> list[int]:
    return [bound_of(event["time"], UTC_ZONE) for event in events]


def test_every_export_says_which_keys_there_may_have_been() -> None:
    assert statement_names("feeds") == set(EXPORT_TYPES)
    for name in EXPORT_TYPES:
        head = query(name).head
        assert tuple(head.beside) == head.beside_cells


@pytest.mark.parametrize("export_type", EXPORT_TYPES)
@settings(max_examples=examples(1))
@given(seed=st.integers(0, 2**32))
def test_applying_a_feed_gives_what_an_export_gives(export_type: str, seed: int) -> None:
    check_feed(export_type, seed)


def check_feed(export_type: str, seed: int) -> None:
    rng = random.Random(seed)
    if export_type in _WITH_LOCKS and rng.random() < 0.4:
        log = lock_log(rng)
    else:
        log = generators.random_log(rng, rng.choice([30, 60, 120]), strange=rng.random() < 0.5)
    lasting = sorted(times_of(e for e in log if e["type"] != "contact.erased"))
    if rng.random() < 0.5:
        # As it happens: mostly in the order of time, some late.
        log.sort(key=lambda e: bound_of(e["time"], UTC_ZONE) + rng.choice([0, 0, 0, DAY, 9 * DAY]))
    zone = rng.choice(ZONES)
    period = None
    if query(export_type).sums_up:
        wide = (lasting[-1] - lasting[0]) / DAY
        period = rng.choice([name for name, days in _DAYS.items() if wide / days < 8] or ["month"])
    channels = sorted({e["data"]["channel_id"] for e in log if e["type"] == "conversation.created"})
    pieces = rng.randint(2, 6)
    cuts = sorted(rng.sample(range(1, len(log)), pieces - 1))
    parts = [log[a:b] for a, b in zip([0, *cuts], [*cuts, len(log)], strict=True)]
    at_end = lasting[-1] + rng.choice([0, 1, DAY])
    commits: dict[int, int] = {}

    def committed(_folder: Path, versions: Iterable[int]) -> dict[int, int]:
        return {v: commits[v] for v in versions if v in commits}

    with (
        tempfile.TemporaryDirectory(prefix="tawny-feed-") as folder,
        mock.patch("tawny.feeds.feed.arrivals_ms", committed),
        mock.patch("tawny.engine.fresh_events.arrivals_ms", committed),
    ):
        home = Path(folder)
        feed: FeedRequest | None = None
        copy = Copy(export_type)
        pages: list[list[Json]] = []
        cursors: list[str] = []
        cursor: str | None = None
        for number, part in enumerate(parts):
            take_in(home, part)
            if rng.random() < 0.2:
                compact(home, SETTINGS)
            if rng.random() < 0.3:
                purge(home, SETTINGS)
            version = event_log(home, SETTINGS).snapshot().version
            share = (number + 1) / len(parts)
            now = lasting[0] + int((at_end - lasting[0]) * share) if share < 1 else at_end
            if rng.random() < 0.5:
                now = max(
                    [
                        now,
                        *times_of(
                            e
                            for p in parts[: number + 1]
                            for e in p
                            if e["type"] != "contact.erased"
                        ),
                    ]
                )
            for v in range(version + 1):
                commits.setdefault(v, now)
            if feed is None:
                seen = [
                    c
                    for c in channels
                    if any(
                        e["type"] == "conversation.created" and e["data"]["channel_id"] == c
                        for e in part
                    )
                ]
                some = (
                    tuple(rng.sample(seen, rng.randint(1, len(seen))))
                    if (seen and rng.random() < 0.3)
                    else ()
                )
                feed = FeedRequest(export_type, zone, some, period)
            if rng.random() < 0.35 and number < len(parts) - 1:
                continue
            # Sometimes from a cursor that was read from before: its holder was stopped before the
            # newer one was kept.
            starts = [cursor]
            if cursors and rng.random() < 0.6:
                starts = rng.choice([[rng.choice(cursors)], [rng.choice(cursors), cursor]])
            for start in starts:
                for page in read(home, feed, start, rng.choice([3, 17, 10_000]), rng):
                    cursors.append(page.cursor)
                    pages.append(page.items)
                    cursor = page.cursor
        assert feed is not None
        if rng.random() < 0.5:
            pages += rng.choices(pages, k=3)
            rng.shuffle(pages)
        for rows in pages:
            copy.take(rng.sample(rows, len(rows)))
        spans = []
        if period is not None:
            spans = periods(feed, lasting[0], max(lasting[-1], at_end))
        mine, theirs = copy.cells(), exported(home, feed, commits[version], spans)
        assert not (set(mine) ^ set(theirs)), (
            feed,
            sorted(set(mine) - set(theirs)),
            sorted(set(theirs) - set(mine)),
        )
        assert mine == theirs


_WITH_LOCKS = ("resolved-conversations", "open-conversations", "teams", "users")

_DAYS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 30}


def read(
    home: Path, feed: FeedRequest, cursor: str | None, limit: int, rng: random.Random
) -> Iterator[Any]:
    """Pages to the newest state, each by another reader or all by one."""
    if rng.random() < 0.5:
        with FeedReader(home, SETTINGS, feed) as reader:
            yield from reader.rows(cursor, limit)
        return
    for _ in range(100_000):
        with FeedReader(home, SETTINGS, feed) as reader:
            page = reader.page(cursor, limit)
        yield page
        if not page.more:
            return
        cursor = page.cursor
