"""Up to when the log is complete: the rule by worked examples, what is read for it against plain
loops over random logs, and what people see of it."""

import doctest
import json
import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import Json, Result, ndjson, tawny, tawny_process
from effort import examples
from oracle.completeness import complete_until
from processes import event, log_json
from tawny.completeness import rule
from tawny.completeness.reading import read_completeness, seen_from_ms
from tawny.completeness.rule import (
    ChannelFacts,
    Completeness,
    Statement,
    completeness,
    incomplete,
    punctuality,
    watermark,
)
from tawny.engine.engines import open_of_folder
from tawny.model import durations
from tawny.model.zones import current_ms, instant_text, to_ms
from tawny.settings import Settings
from tawny.state.event_log import event_log

HOUR = rule.HOUR_MS
DAY = rule.DAY_MS
NOW = to_ms(datetime(2026, 6, 8, 14, 0, tzinfo=UTC))


def test_examples_in_the_documentation_of_functions() -> None:
    for module in (rule, durations):
        result = doctest.testmod(module)
        assert (result.failed, result.attempted > 0) == (0, True)


@pytest.mark.parametrize(
    ("facts", "up_to_ms", "until_ms", "by"),
    [
        pytest.param(
            ChannelFacts("c", None, NOW - HOUR, NOW - 2 * HOUR, 5 * HOUR),
            NOW, NOW - 2 * HOUR, "watermark",
            id="a watermark decides, whatever came after it",
        ),
        pytest.param(
            ChannelFacts("c", None, NOW - HOUR, NOW + DAY), NOW, NOW + DAY, "watermark",
            id="a sender may have sent ahead",
        ),
        pytest.param(
            ChannelFacts("c", None, NOW - HOUR, None, HOUR), NOW - HOUR, NOW - HOUR, "newest",
            id="the newest event answers what is asked",
        ),
        pytest.param(
            ChannelFacts("c", None, NOW - 3 * HOUR, None, 3 * HOUR), NOW, NOW, "rhythm",
            id="a silence as long as usual",
        ),
        pytest.param(
            ChannelFacts("c", None, NOW - 3 * HOUR - 1, None, 3 * HOUR),
            NOW, NOW - 3 * HOUR - 1, "newest",
            id="a silence longer than usual",
        ),
        pytest.param(
            ChannelFacts("c", None, NOW - HOUR, None, 60_000), NOW, NOW, "rhythm",
            id="an hour is no silence",
        ),
        pytest.param(
            ChannelFacts("c", None, NOW - 60_000, None, None), NOW, NOW - 60_000, "newest",
            id="nobody knows what is usual",
        ),
        pytest.param(
            ChannelFacts("c", None, None), NOW, None, "newest", id="nothing came at all"
        ),
    ],
)  # fmt: skip
def test_rule(facts: ChannelFacts, up_to_ms: int, until_ms: int | None, by: str) -> None:
    found = completeness(facts, NOW, up_to_ms)
    assert (found.complete_until_ms, found.by) == (until_ms, by)


def test_the_smallest_watermark_of_the_senders_of_30_days() -> None:
    fresh = Statement(until_ms=NOW - HOUR, last_ms=NOW - HOUR)
    behind = Statement(until_ms=NOW - DAY, last_ms=NOW - 30 * DAY + 1)
    gone = Statement(until_ms=NOW - 90 * DAY, last_ms=NOW - 30 * DAY)
    assert watermark([fresh, behind, gone], NOW) == behind
    assert watermark([fresh, gone], NOW) == fresh
    assert watermark([gone], NOW) is None


@pytest.mark.parametrize(
    ("until_ms", "by", "usual_ms", "expected"),
    [
        (NOW, "rhythm", HOUR, "on time"),
        (NOW - 20 * 60_000, "newest", None, "on time"),
        (NOW - 2 * HOUR, "newest", None, "too quiet"),
        (NOW - 2 * HOUR, "newest", 5 * 60_000, "late"),
        (None, "newest", None, "nothing yet"),
        (NOW - 25 * HOUR, "watermark", DAY, "on time"),
        (NOW - 25 * HOUR - 1, "watermark", DAY, "late"),
        (NOW - 25 * HOUR, "watermark", None, "too quiet"),
        (NOW + DAY, "watermark", None, "on time"),
    ],
)
def test_who_is_late(
    until_ms: int | None, by: rule.By, usual_ms: int | None, expected: str
) -> None:
    found = Completeness("c", None, until_ms, by, None, usual_ms, usual_ms)
    assert punctuality(found, NOW) == expected


def test_incomplete_channels_longest_first() -> None:
    channels = [
        Completeness("a", None, NOW, "newest"),
        Completeness("b", None, NOW - 1, "newest"),
        Completeness("c", None, NOW - 2, "watermark"),
        Completeness("d", None, None, "newest"),
    ]
    assert [one.channel_id for one in incomplete(channels, NOW)] == ["d", "c", "b"]


CHANNELS = ("a", "b", "c")
SENDERS = ("/one", "/two")


class _Log:
    """Random events, all of them of the past."""

    def __init__(self, seed: int, now_ms: int) -> None:
        self.rng = random.Random(seed)
        self.now_ms = now_ms
        self.events: list[Json] = []

    def add(self, kind: str, time_ms: int, source: str | None = None, **data: Any) -> None:
        self.events.append(
            {
                "specversion": "1.0",
                "id": str(len(self.events)),
                "source": source or self.rng.choice(SENDERS),
                "type": kind,
                "time": instant_text(time_ms),
                "data": data,
            }
        )

    def channel(self, channel: str) -> None:
        """A channel that is busy in some hours, for some weeks, and silent at the end."""
        rng = self.rng
        if rng.random() < 0.5:
            zone = rng.choice(["Europe/Paris", "Asia/Kolkata", "America/St_Johns"])
            hours = {"time_zone": zone, "weekly": {}}
            self.add("channel.saved", self.now_ms - 90 * DAY, channel_id=channel, medium="chat",
                     name=channel.upper(), business_hours=hours)  # fmt: skip
        created = []
        for number in range(2):
            created.append(f"{channel}-{number}")
            self.add("conversation.created", self.now_ms - rng.randint(1, 80) * DAY,
                     conversation_id=created[-1], channel_id=rng.choice([channel, *CHANNELS]),
                     contact_id="k")  # fmt: skip
        silent_ms = rng.choice([0, 20 * 60_000, 2 * HOUR, 5 * HOUR, 3 * DAY])
        end_ms = self.now_ms - silent_ms
        hours_of_day = range(24) if rng.random() < 0.3 else range(rng.randint(1, 23))
        for week in range(rng.choice([0, 3, 9, 10])):
            for minute in range(0, 180, rng.choice([1, 3, 7, 15])):
                time_ms = end_ms - week * 7 * DAY - minute * 60_000 - rng.randint(0, 3) * 1000
                if rng.random() < 0.9 and (time_ms // HOUR) % 24 in hours_of_day:
                    self.add("conversation.updated", time_ms, conversation_id=rng.choice(created))

    def watermark(self) -> None:
        named = self.rng.choice([None, [], ["a"], ["b", "nowhere"], list(CHANNELS)])
        time_ms = self.now_ms - self.rng.choice([1, 20, 29, 31, 60]) * DAY
        until = instant_text(time_ms - self.rng.randint(0, 3) * HOUR)
        self.add("source.watermark", time_ms, until=until, channels=named)


@settings(max_examples=examples(12), deadline=None)
@given(seed=st.integers(0, 2**32), data=st.data())
def test_what_is_read_agrees_with_plain_loops(
    tmp_path_factory: pytest.TempPathFactory, seed: int, data: st.DataObject
) -> None:
    home = tmp_path_factory.mktemp("log") / "home"
    now_ms = current_ms() // 1000 * 1000 - 1000
    log = _Log(seed, now_ms)
    for channel in CHANNELS:
        log.channel(channel)
    for _ in range(data.draw(st.integers(0, 4), "watermarks")):
        log.watermark()
    file = home.parent / "events.ndjson"
    file.write_bytes(ndjson(log.events))
    assert tawny(home, "ingest", str(file)).status == 0
    snapshot = event_log(home, Settings({})).snapshot()
    at_ms = seen_from_ms(snapshot, now_ms) + data.draw(st.integers(0, 2 * HOUR), "later")
    up_to_ms = at_ms - data.draw(st.sampled_from([0, HOUR, DAY, 9 * DAY]), "asked for")
    with open_of_folder(home, Settings({})) as duck:
        found = read_completeness(duck, snapshot, at_ms, up_to_ms=up_to_ms)
        asked = read_completeness(duck, snapshot, at_ms, up_to_ms=up_to_ms, channels=["b"])
    expected = complete_until(log.events, seen_from_ms(snapshot, 0), at_ms, up_to_ms)
    assert [(one.channel_id, one.complete_until_ms, one.by) for one in found] == expected
    of_channel = [one for one in found if one.channel_id == "b"]
    if not of_channel and any(one["data"].get("name") == "B" for one in log.events):
        # Saved, and nothing came of it: told only to who asks for it.
        assert [(one.channel_id, one.complete_until_ms, one.by) for one in asked] == [
            ("b", None, "newest")
        ]
    else:
        assert asked == of_channel


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def ago(**time: float) -> str:
    """An instant so long ago, as events write it."""
    return (datetime.now(UTC) - timedelta(**time)).isoformat(timespec="milliseconds")


def sent(number: int, kind: str, time: str, **data: Any) -> Json:
    return event(number, kind, **data) | {"time": time}


def created(number: int, channel: str, time: str) -> Json:
    conversation = f"c-{number}"
    return sent(number, "conversation.created", time, conversation_id=conversation,
                channel_id=channel, contact_id="k-1")  # fmt: skip


def ingest(home: Path, *events: Json) -> None:
    file = home.parent / f"{len(list(home.parent.iterdir()))}.ndjson"
    file.write_bytes(ndjson(events))
    assert tawny(home, "ingest", str(file)).status == 0


def channels_of(home: Path) -> Iterator[tuple[str, str | None, str]]:
    for one in log_json(home)["channels"]:
        yield one["channel_id"], one["complete_until"], one["by"]


def test_an_event_dated_later_than_its_arrival_says_nothing(home: Path) -> None:
    """Neither today nor when its time has come: whoever dated it has a wrong clock."""
    honest, ahead = "2026-03-02T08:00:01.000Z", ago(hours=-2)
    ingest(home, created(1, "ch-1", honest), created(2, "ch-1", ahead), created(3, "ch-2", ahead))
    assert list(channels_of(home)) == [("ch-1", honest, "newest"), ("ch-2", None, "newest")]
    snapshot = event_log(home, Settings({})).snapshot()
    later_ms = current_ms() + 3 * HOUR
    with open_of_folder(home, Settings({})) as duck:
        found = read_completeness(duck, snapshot, later_ms)
    assert [(one.channel_id, one.complete_until_ms) for one in found] == [
        ("ch-1", to_ms(datetime.fromisoformat(honest))),
        ("ch-2", None),
    ]
    assert tawny(home, "log", "compact").status == 0
    assert next(channels_of(home)) == ("ch-1", honest, "newest")


def receipt(file: Path) -> Json:
    content: Json = json.loads(file.with_name(file.name + ".receipt.json").read_text())
    return content


def test_the_newest_event_is_found_in_whatever_month_it_is(home: Path, tmp_path: Path) -> None:
    """On the first of a month, too; only for a channel that has long been quiet the whole log is
    looked into."""
    ingest(
        home,
        created(1, "ch-1", "2025-11-02T08:00:00Z"),
        created(2, "ch-2", "2026-01-02T08:00:00Z"),
        created(3, "ch-3", "2026-04-02T08:00:00Z"),
        created(4, "ch-4", "2026-05-01T00:00:01Z"),
        sent(5, "conversation.status_changed", "2026-02-05T08:00:00Z", conversation_id="c-1",
             status="pending", cause="agent", agent_id="ann"),
        sent(6, "conversation.status_changed", "2026-04-05T08:00:00Z", conversation_id="c-2",
             status="pending", cause="agent", agent_id="ann"),
        sent(7, "conversation.status_changed", "2026-03-05T08:00:00Z", conversation_id="c-3",
             status="pending", cause="agent", agent_id="ann"),
    )  # fmt: skip
    newest = {
        "ch-1": "2026-02-05T08:00:00.000Z",
        "ch-2": "2026-04-05T08:00:00.000Z",
        "ch-3": "2026-04-02T08:00:00.000Z",
        "ch-4": "2026-05-01T00:00:01.000Z",
    }
    day = ("--from", "2026-01-02", "--to", "2026-01-03")
    for as_of, seen in (
        ("2026-06-01T00:00:00Z", newest),
        ("2026-04-30T00:00:00Z", {one: newest[one] for one in ("ch-1", "ch-2", "ch-3")}),
    ):
        file = tmp_path / "m.csv"
        call = ("export", "messages", *day, "--as-of", as_of, "-o", str(file))
        assert tawny(home, *call).status == 0
        found = receipt(file)["newest_event_per_channel"]
        assert {one["channel_id"]: one["time"] for one in found} == seen


def test_receipts_say_it_of_the_channels_of_the_request(home: Path, tmp_path: Path) -> None:
    """Also an event that arrived in time and is dated after `as_of` says that what was before it
    has come; made again from the receipt, it says the same, whatever came since."""
    stated = sent(5, "source.watermark", ago(days=2), until=ago(days=2), channels=["ch-2"])
    ingest(
        home,
        created(1, "ch-1", "2026-03-02T08:00:00Z"),
        created(2, "ch-1", "2026-03-03T09:00:00Z"),
        created(3, "ch-2", "2026-03-02T08:00:00Z"),
        stated,
    )
    file, again = tmp_path / "m.csv", tmp_path / "again.csv"
    day = ("--from", "2026-03-02", "--to", "2026-03-03", "--as-of", "2026-03-02T12:00:00Z")
    assert tawny(home, "export", "messages", *day, "-o", str(file)) == Result(0, "", "")
    first = {
        "channel_id": "ch-1", "complete_until": "2026-03-03T09:00:00.000Z", "by": "newest",
    }  # fmt: skip
    until = datetime.fromisoformat(stated["data"]["until"]).astimezone(UTC)
    second = {
        "channel_id": "ch-2",
        "complete_until": until.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z",
        "by": "watermark",
    }
    assert receipt(file)["completeness"] == [first, second]
    ingest(home, created(9, "ch-1", "2026-03-05T09:00:00Z"))
    repeat = ("--receipt", f"{file}.receipt.json", "-o", str(again))
    assert tawny(home, "export", *repeat) == Result(0, "", "")
    assert receipt(again) == receipt(file)
    assert tawny(home, "export", "messages", *day, "--channel", "ch-1", "-o", str(file)).status == 0
    assert receipt(file)["completeness"] == [first | {"complete_until": "2026-03-05T09:00:00.000Z"}]


def told(home: Path, *arguments: str) -> list[str]:
    result = tawny(home, *arguments, tells_completeness=True)
    assert (result.status, result.out) == (0, "")
    return result.err.splitlines()


def test_the_command_line_names_the_channels_and_since_when(home: Path, tmp_path: Path) -> None:
    ingest(
        home,
        created(1, "ch-1", "2026-03-02T08:00:00Z"),
        created(2, "ch-2", "2026-03-03T00:00:00Z"),
        event(3, channel_id="ch-1", medium="email", name="Mail"),
        event(4, channel_id="ch-3", medium="email", name="New"),
    )
    out = ("-o", str(tmp_path / "m.csv"))
    day = ("export", "messages", "--from", "2026-03-02", "--to", "2026-03-03")
    line = "tawny: the file may lack events of 1 of 2 channels: Mail since 2026-03-02 08:00 UTC"
    assert told(home, *day, *out) == [line]
    assert told(home, *day, "--as-of", "2026-03-02T08:00:00Z", *out) == []
    assert told(home, *day, "--channel", "ch-2", *out) == []
    assert told(home, *day, "--channel", "ch-3", *out) == [
        "tawny: the file may lack events of 1 of 1 channels: ch-3, of which nothing has come"
    ]
    bundle = ("export", "messages", "tags", *day[2:], "-o", str(tmp_path / "all.zip"))
    assert told(home, *bundle) == [line]
    ingest(home, *(created(10 + n, f"many-{n}", "2026-03-02T07:00:00Z") for n in range(7)))
    assert told(home, *day, *out)[0].endswith(
        "; many-2 since 2026-03-02 07:00 UTC; and 5 more (the receipt has all)"
    )


def test_waiting_ends_when_the_watermark_comes(home: Path, tmp_path: Path) -> None:
    ingest(home, created(1, "ch-1", "2026-03-02T08:00:00Z"))
    call = ("export", "messages", "--from", "2026-03-02", "--to", "2026-03-03")
    watermark = tmp_path / "watermark.ndjson"
    watermark.write_bytes(
        ndjson([sent(5, "source.watermark", ago(seconds=1), until="2026-03-03T00:00:00Z")])
    )
    later = threading.Timer(2.0, lambda: tawny_process(home, "ingest", str(watermark)))
    later.start()
    began_s = time.monotonic()
    lines = told(home, *call, "--wait-until-complete", "5m", "-o", str(tmp_path / "m.csv"))
    later.join()
    assert lines == [
        "tawny: waiting until everything before 2026-03-03 00:00 UTC has come, at most 5m: "
        "ch-1 since 2026-03-02 08:00 UTC"
    ]
    assert 2 < time.monotonic() - began_s < 200
    assert receipt(tmp_path / "m.csv")["completeness"][0]["by"] == "watermark"


def test_waiting_ends_at_the_latest_when_it_was_said_to(home: Path, tmp_path: Path) -> None:
    """Also for a range that is not over, and for an export that has none."""
    ingest(home, created(1, "ch-1", "2026-03-02T08:00:00Z"))
    wait = ("--wait-until-complete", "1s", "-o", str(tmp_path / "m.csv"))
    since = "ch-1 since 2026-03-02 08:00 UTC"
    range_ = ("--from", "2026-03-02", "--to", "2199-01-01")
    assert told(home, "export", "messages", *range_, *wait) == [
        "tawny: waiting until everything before 2199-01-01 00:00 UTC has come, at most 1s: "
        + since,
        f"tawny: the file may lack events of 1 of 1 channels: {since}",
    ]
    lines = told(home, "export", "open-conversations", *wait)
    as_of = receipt(tmp_path / "m.csv")["as_of"][:16].replace("T", " ")
    assert lines == [
        f"tawny: waiting until everything before {as_of} UTC has come, at most 1s: {since}",
        f"tawny: the file may lack events of 1 of 1 channels: {since}",
    ]
    assert (
        told(home, "export", "messages", "--from", "2026-03-01", "--to", "2026-03-02", *wait) == []
    )


def test_wrong_calls_of_waiting(home: Path, tmp_path: Path) -> None:
    out = ("-o", str(tmp_path / "m.csv"))
    call = ("export", "messages", "--from", "2026-03-02", "--to", "2026-03-03", *out)
    assert tawny(home, *call, "--wait-until-complete", "2 hours") == Result(
        2,
        "",
        "tawny: --wait-until-complete: found '2 hours'; allowed 0s to 30d, such as 90s, 5m, 1h\n",
    )
    receipt_and_wait = ("export", "--receipt", "r.json", "--wait-until-complete", "1s", *out)
    assert tawny(home, *receipt_and_wait).status == 2
