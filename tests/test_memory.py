"""Rows that do not fit into the memory a query may use: exports and compaction go on in smaller
parts, and nothing changes but the time it takes."""

import hashlib
import json
import random
from pathlib import Path

import pytest

from commands import ingest, ndjson, tawny

MESSAGES = 40_000
CONTENT_CHARACTERS = 2000


def event(kind: str, number: int, time: str, **data: object) -> dict[str, object]:
    """One event of the tests' own source."""
    return {
        "specversion": "1.0", "source": "/test", "id": f"{kind}-{number}", "type": kind,
        "time": time, "data": data,
    }  # fmt: skip


def conversations() -> bytes:
    """The conversations of the messages."""
    return ndjson(
        event(
            "conversation.created", number, "2026-01-05T00:00:00Z",
            conversation_id=f"c{number}", channel_id="mail", contact_id=f"p{number}",
        )
        for number in range(50)
    )  # fmt: skip


def long_messages(first: int, end: int) -> bytes:
    """Messages with long texts, those of two hours."""
    rng = random.Random(first)
    words = ["".join(rng.choices("abcdefghij é", k=9)) for _ in range(2000)]

    def clock(number: int) -> str:
        parts = [8 + number * 2 // MESSAGES, rng.randrange(60), rng.randrange(60)]
        return ":".join(f"{part:02d}" for part in parts) + f".{rng.randrange(1000):03d}Z"

    return ndjson(
        event(
            "message.created", number, f"2026-01-05T{clock(number)}",
            message_id=f"m{number}", conversation_id=f"c{number % 50}", direction="inbound",
            content=" ".join(rng.choices(words, k=CONTENT_CHARACTERS // 10)),
        )
        for number in range(first, end)
    )  # fmt: skip


def exported(home: Path, target: Path) -> str:
    """The SHA-256 of all messages as CSV."""
    result = tawny(
        home, "export", "messages", "--from", "2026-01-01", "--to", "2026-02-01",
        "--as-of", "2026-02-01", "-o", str(target),
    )  # fmt: skip
    assert (result.status, result.err) == (0, "")
    return hashlib.sha256(target.read_bytes()).hexdigest()


def test_long_texts_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file as with plenty of memory, before and after compaction."""
    home = tmp_path / "home"
    quarter = MESSAGES // 4
    pieces = [long_messages(first, first + quarter) for first in range(0, MESSAGES, quarter)]
    ingest(home, conversations(), *pieces)
    monkeypatch.setenv("TAWNY_ENGINE_MEMORY_MB", "4000")
    wanted = exported(home, tmp_path / "plenty.csv")
    receipt = json.loads((tmp_path / "plenty.csv.receipt.json").read_text(encoding="utf-8"))
    assert receipt["rows"] == MESSAGES

    monkeypatch.setenv("TAWNY_ENGINE_MEMORY_MB", "200")
    assert exported(home, tmp_path / "little.csv") == wanted
    assert tawny(home, "log", "compact").status == 0
    assert exported(home, tmp_path / "compacted.csv") == wanted
