"""`tawny erase`: a contact goes everywhere, and the certificate says what is so."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import ingest, ndjson, tawny
from processes import instants, killed, killed_at
from tawny.erasures.traces import PIECE_CHARACTERS, look_through
from test_erasure import RANGE, SECRETS
from test_erasure import _events as events_with_erasure
from test_revisions import DAYS, conversation, warehouse
from test_schedules import daily, done, files_in

Json = dict[str, Any]
LIVING = [event for event in events_with_erasure() if event["type"] != "contact.erased"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A log with a contact `z`, who is to go, and a contact `o`."""
    home = tmp_path / "home"
    ingest(home, ndjson(LIVING))
    return home


def words(text: str) -> list[str]:
    """The lines of a certificate without what differs each time."""
    text = re.sub(r"certificate [0-9a-f]{16}", "certificate ID", text)
    text = re.sub(r"issued \S+Z", "issued NOW", text)
    text = re.sub(r"through \d+ files of the data folder, \d+ bytes", "through FILES", text)
    text = re.sub(r"version \d+ before, \d+ now", "version A before, B now", text)
    return text.splitlines()


def certificate(home: Path, contact: str = "z", status: int = 0) -> Json:
    ended = tawny(home, "erase", contact, "--format", "json")
    assert ended.status == status, ended.err
    return json.loads(ended.out)  # type: ignore[no-any-return]


def bytes_under(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def rows(home: Path, export: str) -> list[str]:
    file = home.with_name(f"{export}.jsonl")
    arguments = ("export", export, *RANGE, "--format", "jsonl", "--headers", "key")
    assert tawny(home, *arguments, "-o", str(file)).status == 0
    return file.read_text(encoding="utf-8").splitlines()


def test_a_contact_goes_and_the_certificate_says_what_was_done(home: Path) -> None:
    others = [row for row in rows(home, "messages") if '"z"' not in row]
    for file in home.parent.glob("messages.jsonl*"):
        file.unlink()
    (home / "exported.ndjson").unlink()
    ended = tawny(home, "erase", "z")
    assert (ended.status, ended.err) == (0, "")
    assert words(ended.out) == [
        "certificate ID: contact z was erased",
        "issued NOW; event /tawny erase/z",
        "log: version A before, B now; files written again: 6; events that stay without the "
        "person: 7, in conversations: 1",
        "check: every personal column of the contact is empty in the log",
        "check: looked through FILES, for 8 texts of the contact",
        "check: not looked for, because they are too short and stand in many files by chance: 3",
        "check: nothing else was found",
        "ids of the contact, of its conversations and of its messages stay; where ids are personal "
        "(an e-mail address, a telephone number), these stay too",
        "everything that held the contact was reached",
    ]
    assert [secret for secret in SECRETS if secret.encode() in bytes_under(home)] == []
    assert rows(home, "messages") == others


def test_a_contact_of_whom_nothing_is_known_is_refused(home: Path) -> None:
    before = tawny(home, "log", "--format", "json").out
    ended = tawny(home, "erase", "nobody")
    assert (ended.status, ended.err) == (
        2,
        "tawny: contact: found nobody, of whom the log holds nothing; give the contact_id as the "
        "events have it\n",
    )
    assert tawny(home, "log", "--format", "json").out == before
    assert not (home / "certificates").exists()


def test_who_is_erased_already_is_looked_for_again(home: Path) -> None:
    first = certificate(home)
    late = LIVING[0] | {"id": "late", "time": "2026-05-04T09:40:00Z"}
    late["data"] = late["data"] | {"primary_identifier": "Zelda the late one"}
    ingest(home, ndjson([late]))
    second = certificate(home)
    assert (first["event"]["sent_before"], second["event"]["sent_before"]) == (False, True)
    assert second["log"]["rewritten_files"] == 1
    assert b"Zelda the late one" not in bytes_under(home)
    assert {path.stem for path in (home / "certificates").iterdir()} == {first["id"], second["id"]}
    third = tawny(home, "erase", "z")
    assert words(third.out)[1] == "issued NOW; the contact had been erased before"
    assert "check: the log held no text of the contact any more that could be looked for" in (
        words(third.out)
    )


def test_a_file_that_lies_elsewhere_is_named_until_it_is_gone(home: Path) -> None:
    """Also by a later certificate: copies of what was there may be."""
    rows(home, "contacts")
    file = home.with_name("contacts.jsonl")
    [found] = certificate(home, status=3)["files"]
    assert found == {"name": str(file), "what": "yours", "sure": True, "downloaded_by": []}
    ended = tawny(home, "erase", "z")
    assert ended.status == 3
    assert f"file {file}: not ours to delete: delete it, or export it again" in words(ended.out)
    assert words(ended.out)[-1] == "not everything that held the contact was reached; see above"
    file.unlink()
    [found] = certificate(home, status=3)["files"]
    assert (found["name"], found["what"]) == (str(file), "gone")


def test_what_is_left_anywhere_under_the_folder_is_found(home: Path) -> None:
    (home / "notes").mkdir()
    (home / "notes" / "plain.txt").write_text("they said my address is", encoding="utf-8")
    (home / "notes" / "as.json").write_text(json.dumps({"url": "https://example.com/zelda"}))
    with zipfile.ZipFile(home / "packed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", "x" * 1_000 + "Zelda was angry" + "x" * 1_000)
    (home / "of_others.txt").write_text("Otto here")
    check = certificate(home, status=3)["check"]
    assert check["found_in"] == ["notes/as.json", "notes/plain.txt", "packed.zip"]


def test_what_others_wrote_too_is_no_trace(tmp_path: Path) -> None:
    home = tmp_path / "home"
    same = [
        event | {"data": event["data"] | {"content": "Hello, my address is 3 High Street"}}
        if event["id"] == "e-011"
        else event
        for event in LIVING
    ]
    ingest(home, ndjson(same))
    (home / "notes.txt").write_text("my address")
    found = certificate(home)
    assert (found["check"]["of_others"], found["check"]["found_in"]) == (1, [])


@given(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=8, max_size=300
    ),
    st.sampled_from(["plain", "json", "ascii json", "zip", "gzip", "zstd", "parquet", "database"]),
    st.integers(0, 70_000),
)
def test_a_text_is_found_however_it_is_kept(
    tmp_path_factory: pytest.TempPathFactory, text: str, kept: str, before: int
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    filler = "-" * before
    if kept == "plain":
        (folder / "f").write_bytes((filler + text).encode())
    elif kept == "zip":
        with zipfile.ZipFile(folder / "f", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner", filler + text)
    elif kept == "gzip":
        (folder / "f").write_bytes(gzip.compress((filler + text).encode()))
    elif kept == "zstd":
        (folder / "f").write_bytes(pa.compress((filler + text).encode(), "zstd", asbytes=True))
    elif kept == "parquet":
        table = pa.table({"n": [1, 2], "c": [filler, text], "l": [[], [text]]})
        pq.write_table(table, folder / "f", compression="zstd")
    elif kept == "database":
        with sqlite3.connect(folder / "f") as database:
            database.execute("CREATE TABLE t (c TEXT)")
            database.execute("INSERT INTO t VALUES (?)", (filler + text,))
        database.close()
    else:
        (folder / "f").write_text(
            json.dumps([filler, text], ensure_ascii=kept != "json"), encoding="utf-8"
        )
    found = look_through(folder, [text]).found
    # A database may cut a text of one piece where one of its pages ends.
    if kept != "database" or len(text) > 3 * PIECE_CHARACTERS or before == 0:
        assert {name for names in found.values() for name in names} == {"f"}


def test_what_was_delivered_follows(tmp_path: Path, out: Path) -> None:
    home = warehouse(tmp_path / "home", out)
    ingest(home, ndjson(conversation("c-1", DAYS[1], "p-1")))
    daily(home)
    done(home, "schedules", "backfill", "daily", "--from", DAYS[0], "--to", DAYS[3])
    found = certificate(home, "p-1")
    name = f"messages/date={DAYS[1]}/messages_{DAYS[1]}_r"
    there = [one for one in files_in(out) if DAYS[1] in one]
    assert there == [f"{name}2.csv", f"{name}2.csv.receipt.json"]
    [delivery] = found["deliveries"]
    assert (delivery["schedule"], delivery["destination"], delivery["revision"]) == (
        "daily", "warehouse", 1,
    )  # fmt: skip
    assert (delivery["what"], delivery["files"]) == ("followed", [f"{name}1.csv"])
    assert [file["what"] for file in found["files"]] == ["deleted", "replaced"]
    assert found["files"][1]["name"] == str(out / f"{name}1.csv")
    assert found["complete"]


def test_what_cannot_be_taken_back_is_named(tmp_path: Path, out: Path) -> None:
    home = warehouse(tmp_path / "home", out)
    ingest(home, ndjson(conversation("c-1", DAYS[1], "p-1")))
    daily(home)
    done(home, "schedules", "backfill", "daily", "--from", DAYS[0], "--to", DAYS[3])
    done(home, "schedules", "remove", "daily")
    done(home, "destinations", "remove", "warehouse")
    ended = tawny(home, "erase", "p-1")
    assert ended.status == 3
    [line] = [line for line in words(ended.out) if line.startswith("delivery ")]
    assert re.sub(r"delivery \d+", "delivery N", line) == (
        f"delivery N (daily to warehouse, messages/date={DAYS[1]}/messages_{DAYS[1]}_r1.csv): the "
        "destination was removed, nobody knows how to get there"
    )


@pytest.mark.parametrize(
    "step",
    [
        "tawny.erasures.erasing._send",
        "tawny.upkeep.erase.delete_erased",
        "tawny.erasures.erasing._check",
        "tawny.erasures.erasing.is_complete",
    ],
)
def test_killed_anywhere_it_can_be_begun_again(home: Path, step: str) -> None:
    killed_at(home, "erase", "z", step=step)
    certificate(home)
    assert [secret for secret in SECRETS if secret.encode() in bytes_under(home)] == []
    assert "Otto here" in "".join(rows(home, "messages"))


def test_killed_at_any_instant_it_can_be_begun_again(home: Path) -> None:
    for after_s in instants(3, 1.5):
        killed(home, "erase", "z", after_s=after_s)
    certificate(home)
    assert [secret for secret in SECRETS if secret.encode() in bytes_under(home)] == []


def test_it_is_said_in_french(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAWNY_LANGUAGE", "fr")
    ended = tawny(home, "erase", "z")
    assert words(ended.out.replace("certificat ", "certificate "))[-1] == (
        "tout ce qui contenait le contact a été atteint"
    )
