"""A receipt says what its file is, and makes the same bytes again."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from commands import Result, ndjson, tawny
from processes import event, log_json, write_sample
from tawny.queries.catalogue import definition_version

RANGE = ("--from", "2026-03-02", "--to", "2026-03-20", "--tz", "America/Toronto")
FILES = ("messages.csv", "users.jsonl", "contacts.parquet", "topics.xlsx", "open-conversations.csv")


def receipt_of(file: Path) -> Path:
    return file.with_name(file.name + ".receipt.json")


def content_of(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(receipt_of(file).read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return write_sample(tmp_path_factory.mktemp("sample") / "events.jsonl", conversations=60)


@pytest.fixture
def home(tmp_path: Path, sample: list[bytes]) -> Path:
    """Half of the events: every second one, so that what comes later is late."""
    half = tmp_path / "half.jsonl"
    half.write_bytes(b"".join(sample[::2]))
    assert tawny(tmp_path / "home", "ingest", str(half)).status == 0
    return tmp_path / "home"


def test_what_it_says(tmp_path: Path) -> None:
    home, file, out = tmp_path / "home", tmp_path / "events.jsonl", tmp_path / "m.csv"
    created = {"conversation_id": "c-1", "channel_id": "ch-1", "contact_id": "k-1"}
    inbound = {"message_id": "m-1", "conversation_id": "c-1", "direction": "inbound"}
    later = inbound | {"message_id": "m-2"}
    file.write_bytes(
        ndjson(
            [
                event(0),
                event(1, "conversation.created", **created),
                event(2, "message.created", **inbound),
                event(90, "message.created", **later),
            ]
        )
    )
    assert tawny(home, "ingest", str(file)).status == 0
    call = (
        *("export", "messages", "--from", "2026-03-02", "--to", "2026-03-03T12:00"),
        *("--tz", "Europe/Paris", "--as-of", "2026-03-02T08:01:00Z", "--channel", "ch-1"),
        *("--headers", "fr", "-o", str(out)),
    )
    assert tawny(home, *call) == Result(0, "", "")
    content = content_of(out)
    assert isinstance(content.pop("tawny_version"), str)
    assert isinstance(content.pop("time_zone_data"), str)
    assert content.pop("dialect_version") == 1
    assert content == {
        "receipt_format": 1,
        "request": {
            "export": "messages",
            "time_zone": "Europe/Paris",
            "from": "2026-03-02",
            "to": "2026-03-03T12:00",
            "channels": ["ch-1"],
            "headers": "fr",
            "format": "csv",
            "dialect": "machine",
            "long_cells": "refuse",
            "columns": [],
            "kind": "on-demand",
            "content_media": None,
        },
        "from_utc": "2026-03-01T23:00:00.000Z",
        "to_utc": "2026-03-03T11:00:00.000Z",
        "as_of": "2026-03-02T08:01:00.000Z",
        "log_version": 1,
        "definition_version": definition_version(),
        "engine": "duckdb",
        "events_after_as_of": 1,
        "rows": 1,
        "cut_cells": 0,
        "bytes": out.stat().st_size,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "newest_event_per_channel": [
            {"channel_id": "ch-1", "name": "Mail", "time": "2026-03-02T08:00:02.000Z"}
        ],
        "completeness": [
            {"channel_id": "ch-1", "complete_until": "2026-03-02T08:01:30.000Z", "by": "newest"}
        ],
    }


@pytest.mark.parametrize("name", FILES)
def test_same_bytes_after_more_and_late_events_and_compaction(
    home: Path, sample: list[bytes], tmp_path: Path, name: str
) -> None:
    """Also events dated long before `as_of` that arrived after it do not count in it."""
    first, again = tmp_path / name, tmp_path / f"again-{name}"
    call = ("export", name.partition(".")[0], *RANGE, "-o", str(first))
    assert tawny(home, *call) == Result(0, "", "")
    version = log_json(home)["version"]

    rest = tmp_path / "rest.jsonl"
    rest.write_bytes(b"".join(sample[1::2]))
    assert tawny(home, "ingest", str(rest)).status == 0
    assert tawny(home, "log", "compact").status == 0
    assert log_json(home)["version"] > version + 1

    assert tawny(home, "export", "--receipt", str(receipt_of(first)), "-o", str(again)) == Result(
        0, "", ""
    )
    assert again.read_bytes() == first.read_bytes()
    assert content_of(again) == content_of(first)
    fresh = tmp_path / f"fresh-{name}"
    assert tawny(home, *call[:-1], str(fresh)).status == 0
    assert fresh.read_bytes() != first.read_bytes(), "the later events change what is asked now"


def test_request_with_channels_and_a_content_policy(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receipt fixes which content was written, whatever the setting is later."""
    first, again = tmp_path / "messages.csv", tmp_path / "again.csv"
    channel = log_json(home)["channels"][0]["channel_id"]
    monkeypatch.setenv("TAWNY_CONTENT_ON_DEMAND", "none")
    call = ("export", "messages", *RANGE, "--channel", channel, "-o", str(first))
    assert tawny(home, *call) == Result(0, "", "")
    monkeypatch.delenv("TAWNY_CONTENT_ON_DEMAND")
    assert content_of(first)["request"]["content_media"] == []
    receipt = str(receipt_of(first))
    assert tawny(home, "export", "--receipt", receipt, "-o", str(again)) == Result(0, "", "")
    assert again.read_bytes() == first.read_bytes()


def edited(file: Path, target: Path, **changes: object) -> Path:
    """A copy of a file's receipt with some of its words changed, of the request too."""
    content = content_of(file)
    for name, value in changes.items():
        (content if name in content else content["request"])[name] = value
    target.write_text(json.dumps(content), encoding="utf-8")
    return target


@pytest.fixture
def teams(home: Path, tmp_path: Path) -> Path:
    file = tmp_path / "teams.csv"
    assert tawny(home, "export", "teams", *RANGE, "-o", str(file)) == Result(0, "", "")
    return file


def test_another_sum_is_a_failure_that_leaves_no_file(
    home: Path, tmp_path: Path, teams: Path
) -> None:
    out = tmp_path / "out.csv"
    receipt = edited(teams, tmp_path / "r.json", sha256="0" * 64)
    assert tawny(home, "export", "--receipt", str(receipt), "-o", str(out)) == Result(
        1,
        "",
        "tawny: the file cannot be made again byte for byte: a contact may have been erased since, "
        "or the receipt was changed; no file was written\n",
    )
    assert not out.exists()
    assert not receipt_of(out).exists()


def test_other_definitions_are_named_as_the_cause(home: Path, tmp_path: Path, teams: Path) -> None:
    out = tmp_path / "out.csv"
    receipt = edited(teams, tmp_path / "r.json", sha256="1" * 64, definition_version="old")
    assert tawny(home, "export", "--receipt", str(receipt), "-o", str(out)) == Result(
        1,
        "",
        "tawny: the file cannot be made again byte for byte: the definitions have changed since "
        f"(old then, {definition_version()} now); no file was written\n",
    )
    assert not out.exists()


def test_a_changed_dialect_is_named_as_the_cause(home: Path, tmp_path: Path) -> None:
    """Receipts from before dialects had versions are of the first one."""
    file, out = tmp_path / "tags.csv", tmp_path / "out.csv"
    call = ("export", "tags", *RANGE, "--dialect", "excel", "-o", str(file))
    assert tawny(home, *call) == Result(0, "", "")
    content = content_of(file)
    assert content.pop("dialect_version") == 2
    receipt = tmp_path / "r.json"
    receipt.write_text(json.dumps(content), encoding="utf-8")
    again = ("export", "--receipt", str(receipt), "-o", str(out))
    assert tawny(home, *again) == Result(0, "", ""), "no cell of it is written in another way"
    receipt.write_text(json.dumps(content | {"sha256": "1" * 64}), encoding="utf-8")
    out.unlink()
    assert tawny(home, *again) == Result(
        1,
        "",
        "tawny: the file cannot be made again byte for byte: the dialect excel has changed since "
        "(version 1 then, 2 now); no file was written\n",
    )
    assert not out.exists()


def test_events_dated_after_now_are_counted_and_said(tmp_path: Path) -> None:
    """A sender's clock is ahead, or this machine's behind: a file without rows is not silent."""
    home, file, out = tmp_path / "home", tmp_path / "events.jsonl", tmp_path / "m.csv"
    created = {"conversation_id": "c-1", "channel_id": "ch-1", "contact_id": "k-1"}
    sent = {"conversation_id": "c-1", "direction": "inbound"}
    ahead = {"time": "2999-01-01T00:00:00Z"}
    file.write_bytes(
        ndjson(
            [
                event(0),
                event(1, "conversation.created", **created) | ahead,
                event(2, "message.created", **sent, message_id="m-1") | ahead,
                event(3, "contact.attribute_set", contact_id="k-1", attribute_id="a", name="n",
                      value="v", attribute_type="custom", set_by="agent") | ahead,
            ]
        )
    )  # fmt: skip
    assert tawny(home, "ingest", str(file)).status == 0
    call = ("export", "messages", "--from", "2998-01-01", "--to", "3000-01-01", "-o", str(out))
    result = tawny(home, *call)
    content = content_of(out)
    assert (result.status, result.out, content["rows"]) == (0, "", 0)
    assert content["events_after_as_of"] >= 2
    assert result.err == (
        f"tawny: {content['events_after_as_of']} events are dated after {content['as_of']} and do "
        "not count; is a clock wrong?\n"
    )
    asked = tawny(home, *call, "--as-of", "2999-01-01T00:00:00Z")
    assert (asked.err, content_of(out)["rows"], content_of(out)["events_after_as_of"]) == ("", 1, 0)


def test_receipt_of_a_newer_version(home: Path, tmp_path: Path, teams: Path) -> None:
    receipt = edited(teams, tmp_path / "r.json", receipt_format=2)
    result = tawny(home, "export", "--receipt", str(receipt), "-o", str(tmp_path / "out.csv"))
    assert result == Result(
        2, "", f"tawny: {receipt}: found a receipt of format 2, this Tawny reads up to 1; "
        "upgrade Tawny\n"
    )  # fmt: skip


SPOILED: list[tuple[str, object]] = [
    ("sha256", 5),
    ("log_version", "x"),
    ("log_version", []),
    ("channels", 5),
    ("receipt_format", "1"),
    ("export", 5),
    ("time_zone", None),
    ("time_zone", ["UTC"]),
    ("from", 5),
    ("to", {}),
    ("as_of", 5),
    ("headers", 5),
    ("format", None),
    ("dialect", True),
    ("kind", 1),
]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *SPOILED,
    ],
)
def test_spoiled_receipt(home: Path, tmp_path: Path, teams: Path, name: str, value: object) -> None:
    receipt, out = edited(teams, tmp_path / "r.json", **{name: value}), tmp_path / "out.csv"
    result = tawny(home, "export", "--receipt", str(receipt), "-o", str(out))
    assert result.status in (1, 2)
    assert result.err.startswith("tawny: ")
    assert result.err.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"null", b"{}", b"\xff\xfe", b'{"receipt_format": 1}', b"not json"),
        b"[" * 100_000,
    ],
    ids=["empty", "list", "null", "object", "binary", "half", "text", "deep"],
)
def test_what_is_no_receipt(home: Path, tmp_path: Path, content: bytes) -> None:
    receipt, out = tmp_path / "r.json", tmp_path / "out.csv"
    receipt.write_bytes(content)
    assert tawny(home, "export", "--receipt", str(receipt), "-o", str(out)) == Result(
        2,
        "",
        f"tawny: {receipt}: found no receipt; allowed the FILE.receipt.json that lies beside an "
        "export\n",
    )


def test_receipt_of_a_log_that_this_one_is_not(home: Path, tmp_path: Path, teams: Path) -> None:
    """The version lies ahead: nobody can say that the events it saw are all there."""
    receipt, out = edited(teams, tmp_path / "r.json", log_version=999), tmp_path / "out.csv"
    assert tawny(home, "export", "--receipt", str(receipt), "-o", str(out)).status != 0
