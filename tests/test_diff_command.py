"""`tawny diff`, said exactly: what came late, was renamed, deleted, erased, or happened after."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from commands import Result, ndjson, tawny

Json = dict[str, Any]

RANGE = ("--from", "2026-06-08", "--to", "2026-06-09", "--tz", "Europe/Paris")
AS_OF = ("--as-of", "2026-06-10T00:00:00Z")


def event(number: int, kind: str, time: str, data: Json) -> Json:
    envelope = {"specversion": "1.0", "source": "/desk", "id": f"{number:02d}"}
    return envelope | {"type": kind, "time": f"2026-06-{time}Z", "data": data}


def conversation(number: int, name: str, contact: str, clock: str) -> list[Json]:
    where = {"conversation_id": f"c-{name}"}
    return [
        event(number, "conversation.created", f"08T{clock}:00",
              where | {"channel_id": "mail", "contact_id": contact}),
        event(number + 1, "message.created", f"08T{clock}:01",
              where | {"message_id": f"m-{name}", "direction": "inbound", "content": "Help"}),
    ]  # fmt: skip


FIRST = [
    event(1, "channel.saved", "01T06:00:00",
          {"channel_id": "mail", "medium": "email", "name": "Mail"}),
    *conversation(10, "1", "k-1", "08:00"),
    *conversation(20, "2", "k-2", "09:00"),
]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    take(tmp_path / "home", FIRST)
    return tmp_path / "home"


def take(home: Path, events: list[Json]) -> None:
    file = home.with_name("events.ndjson")
    file.write_bytes(ndjson(events))
    assert tawny(home, "ingest", str(file)).status == 0


def export(home: Path, kind: str, name: str, *words: str) -> str:
    target = home.with_name(name)
    assert tawny(home, "export", kind, *RANGE, *(words or AS_OF), "-o", str(target)).status == 0
    return str(target)


def arrival_of(found: Json) -> str:
    """When what caused it arrived, as the text says it."""
    [cause] = [one for row in found["rows"] for one in row["causes"]] or [
        one for row in found["rows"] for cell in row["cells"] for one in cell["causes"]
    ]
    said = str(cause["says"].rsplit(" on ", 1)[1])
    assert said[:10] >= "2026-01-01"
    return said


def differences(home: Path, *words: str) -> Json:
    result = tawny(home, "diff", *words, "--format", "json")
    assert result.status in (0, 5), result
    told: Json = json.loads(result.out)
    assert (result.status == 0) == told["equal"]
    return told


def test_a_late_message_is_named_with_its_arrival(home: Path) -> None:
    file = export(home, "contacts", "contacts.csv")
    late = {"conversation_id": "c-1", "message_id": "m-81", "direction": "inbound"}
    take(home, [event(81, "message.created", "08T10:00:00", late)])
    told = differences(home, file, "2026-06-10T00:00:00Z")
    when = arrival_of(told)
    result = tawny(home, "diff", file + ".receipt.json", "2026-06-10T00:00:00Z")
    assert result == Result(
        5,
        f"""\
Contacts from 2026-06-08T00:00:00.000+02:00 to 2026-06-09T00:00:00.000+02:00, Europe/Paris
A: {file}.receipt.json, as of 2026-06-10T02:00:00.000+02:00, version {told["a"]["log_version"]} of the log
B: 2026-06-10T00:00:00Z, as of 2026-06-10T02:00:00.000+02:00, version {told["b"]["log_version"]} of the log
rows added: 0, removed: 0, changed: 1

changed  k-1
  Number of Inbound Messages: 1 → 2
    the contact writes message m-81 in conversation c-1: of 2026-06-08 12:00, arrived on {when}
""",  # noqa: E501
        "",
    )


def test_an_export_of_a_version_is_the_file_of_then(home: Path) -> None:
    file = Path(export(home, "messages", "messages.csv"))
    late = {"conversation_id": "c-1", "message_id": "m-1"}
    take(home, [event(80, "message.deleted", "08T10:00:00", late)])
    version = str(
        json.loads(file.with_name(file.name + ".receipt.json").read_text())["log_version"]
    )
    words = (*AS_OF, "--log-version", version)
    assert Path(export(home, "messages", "then.csv", *words)).read_bytes() == file.read_bytes()
    assert Path(export(home, "messages", "now.csv")).read_bytes() != file.read_bytes()
    target = ("-o", str(home.with_name("never.csv")))
    assert tawny(home, "export", "messages", *RANGE, "--log-version", "9", *target) == Result(
        2, "", "tawny: log-version: found 9; allowed 0 to 2, the newest\n"
    )


def test_files_of_the_same_rows_do_not_differ(home: Path) -> None:
    file = export(home, "messages", "messages.csv")
    take(home, [event(82, "team.saved", "08T10:00:00", {"team_id": "t", "name": "T"})])
    result = tawny(home, "diff", file, "2026-06-10T00:00:00Z")
    assert (result.status, result.out.splitlines()[-1]) == (0, "no row differs")


def test_an_empty_log_does_not_differ_from_itself(tmp_path: Path) -> None:
    home = tmp_path / "empty"
    result = tawny(home, "diff", "2026-06-09", "now", "messages", *RANGE)
    assert (result.status, result.out.splitlines()[-1]) == (0, "no row differs")
    file = export(home, "messages", "none.csv")
    result = tawny(home, "diff", file, "now")
    assert (result.status, result.out.splitlines()[-1]) == (0, "no row differs")


def test_a_renamed_channel_in_french(home: Path) -> None:
    file = export(home, "messages", "messages.csv")
    take(home, [event(83, "channel.saved", "09T10:00:00",
                      {"channel_id": "mail", "medium": "email", "name": "Post"})])  # fmt: skip
    told = tawny(home, "diff", file, "2026-06-10T00:00:00Z", "--language", "fr").out
    lines = told.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\xa0", " ").splitlines()
    assert lines[3:7] == [
        "lignes ajoutées : 0, retirées : 0, modifiées : 2", "", "modifiée  2 lignes : m-1; m-2",
        "  Canal : Mail → Post",
    ]  # fmt: skip
    assert lines[7].startswith("    canal mail renommé « Post » : du 2026-06-09 12:00, arrivé le ")


def test_rows_with_the_same_cause_are_told_once(home: Path) -> None:
    """With their number and the first of them; what has another cause, or another column, alone."""
    take(home, [one for n in range(3, 8) for one in conversation(n * 10, str(n), "k-3", "10:00")])
    file = export(home, "messages", "messages.csv")
    deleted = {"conversation_id": "c-2", "message_id": "m-2"}
    take(home, [
        event(83, "channel.saved", "09T10:00:00",
              {"channel_id": "mail", "medium": "email", "name": "Post"}),
        event(84, "message.deleted", "08T12:00:00", deleted),
        event(85, "contact.saved", "08T12:00:00",
              {"contact_id": "k-3", "primary_identifier": "k@example.com"}),
    ])  # fmt: skip
    lines = tawny(home, "diff", file, "now").out.splitlines()
    kept = [line for line in lines[3:] if "Last Updated" not in line]
    assert [line.split(", arrived")[0] for line in kept] == [
        "rows added: 0, removed: 0, changed: 7",
        "",
        "changed  m-1",
        "  Channel: Mail → Post",
        "    channel mail is renamed 'Post': of 2026-06-09 12:00",
        "",
        "changed  m-2",
        "  Channel: Mail → Post",
        "    channel mail is renamed 'Post': of 2026-06-09 12:00",
        "  Content: Help → –",
        "    message m-2 is deleted: of 2026-06-08 14:00",
        "    message m-2 is deleted: of 2026-06-08 14:00",
        "  Deleted at: – → 2026-06-08T14:00:00.000+02:00",
        "    message m-2 is deleted: of 2026-06-08 14:00",
        "",
        "changed  5 rows: m-3; m-4; m-5; …",
        "  Channel: Mail → Post",
        "    channel mail is renamed 'Post': of 2026-06-09 12:00",
        "  Contact Primary Identifier: – → k@example.com",
        "    contact k-3 is saved: of 2026-06-08 14:00",
    ]
    told = differences(home, file, "now")
    assert [row["row"] for row in told["rows"]] == [f"m-{n}" for n in range(1, 8)]


def test_an_erased_contact_takes_the_rows_away_and_nothing_of_it_is_shown(home: Path) -> None:
    file = export(home, "messages", "messages.csv")
    take(home, [event(84, "contact.erased", "20T10:00:00", {"contact_id": "k-2"})])
    told = differences(home, file, "2026-06-10T00:00:00Z")
    assert [(row["row"], row["change"], row["cells"]) for row in told["rows"]] == [
        ("m-2", "removed", [])
    ]
    [cause] = told["rows"][0]["causes"]
    assert (cause["kind"], cause["event"]["id"]) == ("erased", "84")
    assert cause["says"] == f"contact k-2 is erased: arrived on {arrival_of(told)}"


def test_what_happened_after_the_first_instant(home: Path) -> None:
    take(home, [event(85, "message.deleted", "09T10:00:00",
                      {"conversation_id": "c-1", "message_id": "m-1"})])  # fmt: skip
    instants = ("2026-06-08T23:00:00Z", "2026-06-10T00:00:00Z")
    result = tawny(home, "diff", *instants, "messages", *RANGE)
    assert result.status == 5
    assert result.out.splitlines()[5:] == [
        "changed  m-1",
        "  Content: Help → –",
        "    message m-1 is deleted: happened after, on 2026-06-09 12:00",
        "  Last Updated: 2026-06-08T10:00:01.000+02:00 → 2026-06-09T12:00:00.000+02:00",
        "    message m-1 is deleted: happened after, on 2026-06-09 12:00",
        "  Deleted at: – → 2026-06-09T12:00:00.000+02:00",
        "    message m-1 is deleted: happened after, on 2026-06-09 12:00",
    ]
    back = differences(home, *instants[::-1], "messages", *RANGE)
    assert back["rows"][0]["cells"][0]["causes"][0]["says"] == (
        "message m-1 is deleted: happened on 2026-06-09 12:00, after the second"
    )


def test_a_line_of_csv_for_each_cell_and_cause(home: Path) -> None:
    file = export(home, "messages", "messages.csv")
    other = {"conversation_id": "c-1", "message_id": "m-1", "content": "Hi, =1"}
    take(home, [event(86, "message.updated", "08T11:00:00", other)])
    result = tawny(home, "diff", file, "2026-06-10T00:00:00Z", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert [
        (row["row"], row["change"], row["column"], row["before"], row["after"], row["kind"],
         row["event_id"], row["event_time"])
        for row in rows
    ] == [
        ("m-1", "changed", "content", "Help", "Hi, =1", "arrived", "86",
         "2026-06-08T11:00:00.000Z"),
        ("m-1", "changed", "last_updated", "2026-06-08T10:00:01.000+02:00",
         "2026-06-08T13:00:00.000+02:00", "arrived", "86", "2026-06-08T11:00:00.000Z"),
    ]  # fmt: skip


def test_one_column_of_a_bundle_is_compared(home: Path) -> None:
    target = home.with_name("all.zip")
    words = (*RANGE, *AS_OF, "-o", str(target))
    assert tawny(home, "export", "messages", "contacts", *words).status == 0
    take(home, [event(87, "message.deleted", "08T11:00:00",
                      {"conversation_id": "c-1", "message_id": "m-1"})])  # fmt: skip
    told = differences(home, str(target), "now", "messages", "--columns", "content")
    assert [cell["column"] for row in told["rows"] for cell in row["cells"]] == ["content"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("2026-06-09", "now"),
            "TYPE: found nothing; two instants need it, and the options of an export",
        ),
        (
            ("yesterday", "now", "messages"),
            "A: found 'yesterday'; allowed a receipt, the file beside it, the id of a run that "
            "made a file, an instant, or now",
        ),
        (
            ("2026-06-09", "now", "message"),
            "export type: found 'message', did you mean 'messages'?",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(home: Path, words: tuple[str, ...], said: str) -> None:
    assert tawny(home, "diff", *words, *(RANGE if words[2:] else ())) == Result(
        2, "", f"tawny: {said}\n"
    )


def test_files_of_other_questions_are_not_compared(home: Path) -> None:
    one = export(home, "messages", "messages.csv")
    target = home.with_name("other.csv")
    wider = ("--from", "2026-06-07", "--to", "2026-06-09", "--tz", "Europe/Paris", *AS_OF)
    assert tawny(home, "export", "messages", *wider, "-o", str(target)).status == 0
    assert tawny(home, "diff", one, str(target)) == Result(
        2,
        "",
        "tawny: from: found '2026-06-08' of the one and '2026-06-07' of the other; compared are "
        "files of the same export, range, time zone and channels\n",
    )
