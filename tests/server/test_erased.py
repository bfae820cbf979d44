"""Erased is erased while the server runs: no byte below the data folder holds the person."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from commands import tawny
from server.running import Server, event, moved, running, send, until, wait_for

PERSON = (
    "zelda@example.com", "+33611223344", "Rue Perdue 3", "my address is", "corrected words",
    "desk.example.com/zelda", "Zelda was angry", "so kind of you", "why-zelda",
)  # fmt: skip
BROKEN = "zelda-in-a-broken-line"
RANGE = {"from": "2026-05-04", "to": "2026-05-05"}
AT = "2026-05-04T09:00:00Z"


def _events() -> list[dict[str, object]]:
    return [
        event("channel.saved", 1, AT, channel_id="ch", medium="email", name="Desk"),
        event("contact.saved", 1, AT, contact_id="z", medium="email",
              primary_identifier=PERSON[0], secondary_identifier=PERSON[1]),
        event("contact.attribute_set", 1, AT, contact_id="z", attribute_id="a", name="street",
              value=PERSON[2], attribute_type="custom", set_by="agent"),
        event("conversation.created", 1, AT, conversation_id="c", channel_id="ch", contact_id="z",
              url=f"https://{PERSON[5]}"),
        event("message.created", 1, AT, message_id="m", conversation_id="c", direction="inbound",
              content=PERSON[3]),
        event("message.updated", 1, AT, message_id="m", conversation_id="c", content=PERSON[4]),
        event("conversation.status_changed", 1, AT, conversation_id="c", status="resolved",
              cause="agent", agent_id="ann", comment=PERSON[6]),
        event("csat.answered", 1, AT, survey_id="s", conversation_id="c", score=2,
              follow_up_question=PERSON[8], follow_up_response=PERSON[7]),
    ]  # fmt: skip


def _decoded(path: Path) -> list[bytes]:
    """What a file holds: its bytes, and what they mean where they are packed."""
    raw = path.read_bytes()
    found = [raw]
    if path.suffix == ".parquet":
        found.append(str(pq.ParquetFile(io.BytesIO(raw)).read().to_pylist()).encode())
    elif raw[:2] == b"\x1f\x8b":
        found.append(gzip.decompress(raw))
    elif raw[:4] == b"\x28\xb5\x2f\xfd":
        with pa.CompressedInputStream(pa.BufferReader(raw), "zstd") as stream:
            found.append(stream.read())
    elif raw[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            found += [book.read(name) for name in book.namelist()]
    return found


def _holding(home: Path, texts: tuple[str, ...]) -> dict[str, list[str]]:
    """Files below a folder that hold one of the texts, with which."""
    held = {}
    for path in sorted(home.rglob("*")):
        if path.is_file():
            whole = b"\n".join(_decoded(path))
            there = [text for text in texts if text.encode() in whole]
            if there:
                held[str(path.relative_to(home))] = there
    return held


def _refuse(server: Server) -> None:
    """Events about the person that are refused: by their field, and as lines nobody can read."""
    root = server.signed_in("root")
    wrong = json.dumps(
        event("contact.saved", 9, AT, contact_id="z", medium=7, primary_identifier=PERSON[0])
    )
    named = json.dumps(
        event("message.created", 9, AT, message_id="x", conversation_id="c", direction=PERSON[3])
    )
    lines = "\n".join([wrong, named, f'{{"broken": "{BROKEN}"', f"{BROKEN} {PERSON[1]}"])
    answer = root.post(
        "/events", content=lines, headers={"Content-Type": "application/x-ndjson"}
    )  # fmt: skip
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 4)


def test_no_byte_holds_an_erased_person_while_the_server_runs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, inbox_move_ms="200") as server:
        root = server.set_up()
        assert send(root, _events()).json()["refused"] == 0
        _refuse(server)
        for export, kind in (("messages", "csv"), ("messages", "xlsx"), ("contacts", "parquet")):
            run = root.post("/exports", json={"export": export, "format": kind, **RANGE}).json()
            assert wait_for(root, run["id"])["state"] == "ready"
            for part in ("preview", "charts"):
                assert root.get(f"/exports/{run['id']}/{part}").status_code == 200
        moved(root)
        everything = (*PERSON, BROKEN)
        before = _holding(home, everything)
        assert {text for held in before.values() for text in held} == set(everything)
        assert {"state.db", "state.db-wal"} & set(before)

        # Acknowledged, and not yet in the log when maintenance begins.
        erased = event("contact.erased", 1, "2026-05-05T09:00:00Z", contact_id="z")
        assert send(root, [erased]).json()["accepted"] == 1
        result = tawny(home, "log", "compact")
        assert (result.status, result.err) == (0, "")
        assert "erased_contacts=1" in result.out
        assert _holding(home, everything) == {}

        # Where it was, and what is allowed there, is still known.
        refused = root.get("/refusals").json()
        assert [(one["input"], one["number"]) for one in refused] == [
            ("api", 4), ("api", 3), ("api", 2), ("api", 1),
        ]  # fmt: skip
        assert [one["field"] for one in refused][2:] == ["data.direction", "data.medium"]
        assert {one["found"] for one in refused} == {"a value that is no longer kept"}
        assert refused[2]["allowed"] == "inbound, outbound"


def test_values_of_refused_events_are_kept_for_some_days(tmp_path: Path) -> None:
    """Whoever asks, also before anything has been cleaned up."""
    home = tmp_path / "home"
    file = tmp_path / "broken.ndjson"
    file.write_text(f"{BROKEN}\n")
    assert tawny(home, "ingest", str(file)).status == 3
    with sqlite3.connect(home / "state.db") as state:
        state.execute("UPDATE refusals SET at_ms = at_ms - 31 * 86400000")
    state.close()
    with running(home) as server:
        root = server.set_up()
        [refused] = root.get("/refusals").json()
        assert refused["found"] == "a value that is no longer kept"
        assert refused["allowed"].startswith("one JSON object a line")
        until(lambda: _holding(home, (BROKEN,)) == {} or None)
