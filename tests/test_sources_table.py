"""The kind `table`: rows of files or of a query become events by a mapping file. The examples of
docs/sources/table.md run here."""

from __future__ import annotations

import gzip
import json
import shutil
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commands import Result, tawny
from postgres import Cluster, cluster
from processes import logged_events
from tawny.sources.table.mapping import mapping_schema

EXAMPLES = Path(__file__).parents[1] / "docs" / "sources" / "examples"
JUNE = ("--from", "2026-06-01", "--to", "2026-07-01", "--tz", "Europe/Paris")

ONE_MESSAGE = """
[input]
path = "rows.csv"
{more}
[[event]]
type = "message.created"
id = "message/{{no}}"
time = {time}
[event.data]
message_id = "no"
conversation_id = "ticket"
direction = {{ column = "kind", map = {{ in = "inbound" }} }}
content = "text"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A copy of the example of files, to be changed."""
    return Path(shutil.copytree(EXAMPLES / "csv", tmp_path / "desk"))


def add(home: Path, mapping: Path, *options: str) -> Result:
    return tawny(home, "sources", "add", "table", "desk", "--mapping", str(mapping), *options)


def sync(home: Path, *options: str, status: int = 0) -> list[str]:
    """The lines a sync prints."""
    result = tawny(home, "sources", "sync", "desk", *options)
    assert result.status == status, result
    return result.out.splitlines()


def report(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tawny(home, "sources", "report", "desk", "--json").out)
    return found


def export(home: Path, kind: str, columns: str, *options: str) -> list[str]:
    """The lines of an export of June."""
    file = home.parent / f"{kind}.csv"
    result = tawny(home, "export", kind, *JUNE, "--columns", columns, *options, "-o", str(file))
    assert (result.status, result.err) == (0, "")
    return file.read_text(encoding="utf-8").splitlines()


def rows(folder: Path, head: str, *lines: str, time: str = '"at"', more: str = "") -> Path:
    """A mapping of one type of event, with its rows."""
    folder.mkdir(exist_ok=True)
    (folder / "rows.csv").write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")
    mapping = folder / "mapping.toml"
    mapping.write_text(ONE_MESSAGE.format(time=time, more=more), encoding="utf-8")
    return mapping


HEAD = "no,ticket,kind,at,text"


def test_the_example_of_files(home: Path, desk: Path) -> None:
    added = add(home, desk / "mapping.toml")
    assert (added.status, added.err) == (0, "")
    assert added.out.splitlines()[:3] == [
        "account agents.csv, tickets.csv, messages-*.jsonl, version -",
        "found: agents 2, tickets 3, messages 5",
        "oldest record 2026-01-01T00:00:00.000Z, newest 2026-06-12T08:00:00.000Z",
    ]
    assert sync(home) == [
        "read=10 accepted=16 duplicates=1 refused=0 ignored=1",
        "accepted=16 duplicates=1 refused=0",
    ]
    columns = "conversation_id,channel,created_at,resolved_agent_name,resolved_by"
    assert export(home, "resolved-conversations", columns) == [
        "Conversation ID,Channel,Created at,Resolved By,Resolved Agent Name",
        "12,support@shop.example,2026-06-08T09:00:00.000+02:00,agent,Ann Berg",
        "14,sales@shop.example,2026-06-09T10:00:00.000+02:00,system,",
    ]
    columns = "conversation_id,agent_response_time,response_agent_name"
    assert export(home, "response-times", columns) == [
        "Conversation ID,Agent Response Time (s),Response Agent Name",
        "12,3600,Ann Berg",
    ]
    # Everything again: nothing new.
    assert sync(home, "--full")[1] == "accepted=0 duplicates=17 refused=0"
    assert tawny(home, "sources", "check", "desk", "--counts").out.splitlines()[-4:] == [
        "2026-06, contacts: 3 in the desk, 3 here",
        "2026-06, conversations: 3 in the desk, 3 here",
        "2026-06, messages inbound: 3 in the desk, 3 here",
        "2026-06, messages outbound: 1 in the desk, 1 here",
    ]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


def test_the_example_of_a_database(
    home: Path, postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgres.new_database()
    monkeypatch.setenv("DESK_DATABASE_URL", address)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute((EXAMPLES / "sql" / "schema.sql").read_bytes())
        assert add(home, EXAMPLES / "sql" / "mapping.toml").status == 0
        assert sync(home)[1] == "accepted=10 duplicates=7 refused=0"
        # A name that changed, an answer that came: only these are read and sent.
        connection.execute(
            "UPDATE staff SET name = 'Ann Lund', updated_at = '2026-06-09T08:00:00Z'"
        )
        connection.execute(
            "INSERT INTO note VALUES (5, 42, 'answer', 7, '100% soon', '2026-06-09T09:00:00Z')"
        )
    assert sync(home)[1] == "accepted=2 duplicates=7 refused=0"
    # Of before only what the overlap reads a second time.
    assert report(home)["read"] == {"notes": 2, "staff": 1}
    assert export(home, "messages", "message_id,agent_name,content")[1:] == [
        "1,,It is broken.",
        "2,Ann Lund,A new one is on its way.",
        "4,,Where is it?",
        "5,Ann Lund,100% soon",
    ]
    then = ("--as-of", "2026-06-09T00:00:00Z")
    assert export(home, "messages", "message_id,agent_name", *then)[2:] == ["2,Ann Berg", "4,"]


def test_a_password_in_the_mapping_is_refused(home: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    text = (EXAMPLES / "sql" / "mapping.toml").read_text(encoding="utf-8")
    mapping.write_text(
        text.replace("env:DESK_DATABASE_URL", "postgresql://tawny:hidden@127.0.0.1/desk"),
        encoding="utf-8",
    )
    result = add(home, mapping)
    assert (result.status, result.err) == (
        2,
        "tawny: input, database: found a password in the mapping file; allowed env:NAME or "
        "file:PATH\n",
    )


def test_a_changed_row_is_sent_again_where_the_last_one_wins(home: Path, desk: Path) -> None:
    add(home, desk / "mapping.toml")
    sync(home)
    agents = desk / "agents.csv"
    before = agents.read_text(encoding="utf-8")
    agents.write_text(before.replace("Ann Berg", "Ann Lund"), encoding="utf-8")
    assert sync(home)[1] == "accepted=1 duplicates=9 refused=0"
    agents.write_text(before, encoding="utf-8")
    assert sync(home)[1] == "accepted=1 duplicates=9 refused=0"
    assert sync(home)[1] == "accepted=0 duplicates=10 refused=0"
    saved = [
        (event["time"].isoformat(timespec="milliseconds"), event["name"])
        for event in logged_events(home).values()
        if event["type"] == "agent.saved" and event["agent_id"] == "ann"
    ]
    assert sorted(saved) == [
        ("2026-01-01T00:00:00.000+00:00", "Ann Berg"),
        ("2026-01-01T00:00:00.001+00:00", "Ann Lund"),
        ("2026-01-01T00:00:00.002+00:00", "Ann Berg"),
    ]


def test_a_text_that_changed_is_an_update_and_what_else_changed_is_reported(
    home: Path, desk: Path
) -> None:
    add(home, desk / "mapping.toml")
    sync(home)
    messages = desk / "messages-june.jsonl"
    text = messages.read_text(encoding="utf-8")
    for question in ("For two?", "For ten?"):
        messages.write_text(text.replace("For ten?", question), encoding="utf-8")
        assert sync(home)[1] == "accepted=1 duplicates=10 refused=0"
        assert sync(home)[1] == "accepted=0 duplicates=10 refused=0"
        shown = export(home, "messages", "message_id,content")
        assert shown[-1] == f'{question}"'
    # When it was sent has happened: what was sent of it stays, and the report says so.
    messages.write_text(text.replace("1780992000", "1780992060"), encoding="utf-8")
    assert sync(home)[1] == "accepted=0 duplicates=9 refused=0"
    assert report(home)["changed_after_sent"] == 1


def test_rows_that_cannot_be_mapped_are_left_out_by_name_and_counted(
    home: Path, tmp_path: Path
) -> None:
    mapping = rows(
        tmp_path / "desk", HEAD,
        "1,9,in,2026-06-08 09:00,Hello",
        "2,9,fax,2026-06-08 09:01,Hello",
        "3,9,fax,2026-06-08 09:02,Hello",
        "4,9,in,yesterday,Hello",
        ",9,in,2026-06-08 09:03,Hello",
        "6,,in,2026-06-08 09:04,Hello",
        "7,9,in",
        "8,9,in,2026-06-08 09:05,last",
    )  # fmt: skip
    with (tmp_path / "desk" / "rows.csv").open("ab") as file:
        file.write(b"9,9,in,2026-06-08 09:06,caf\xe9\n")
    added = add(home, mapping)
    assert added.out.splitlines()[-2:] == [
        "rows: 7 of 9 rows cannot be mapped",
        "added desk: tawny sources sync desk reads it",
    ]
    result = tawny(home, "sources", "sync", "desk")
    assert (result.status, result.out.splitlines()[-1]) == (3, "accepted=2 duplicates=0 refused=0")
    place = "event 1 (message.created)"
    assert result.err.splitlines() == [
        f"rows.csv line 3: {place}, direction: allowed one of in",
        f"rows.csv line 4: {place}, direction: allowed one of in",
        f"rows.csv line 5: {place}, time: allowed a time such as 2026-06-08T14:00:00+02:00 or "
        "2026-06-08 14:00",
        f"rows.csv line 6: {place}, id: allowed a value in no",
        f"rows.csv line 7: {place}, conversation_id: allowed a value; the type needs it",
        "rows.csv line 8: found 3 cells; allowed 5, as the first line has",
        "rows.csv line 10: is not utf-8; save it so, or say its encoding in the mapping",
    ]
    assert report(home)["unknown"] == {"direction=fax": 2}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (('id = "message/', 'idd = "message/'),
         "event 1, key: found 'idd', did you mean 'id'?"),
        (('type = "message.created"', 'type = "mesage.created"'),
         "event 1 (mesage.created), type: found 'mesage.created', did you mean 'message.created'?"),
        (("content =", "contents ="),
         "event 1 (message.created), data: found 'contents', did you mean 'content'?"),
        (('"text"', '"txt"'),
         "event 1 (message.created), content: found the column 'txt', which rows.csv has not; it "
         "has no, ticket, kind, at, text"),
        (('{ in = "inbound" }', '{ in = "incoming" }'),
         "event 1 (message.created), direction: found 'incoming', did you mean 'inbound'?"),
        (('message_id = "no"', ""),
         "event 1 (message.created): found no message_id in data, which this type needs"),
        (('"message/{no}"', '"message"'),
         "event 1 (message.created), id: names no column; each row needs an id of its own"),
        (('"message/{no}"', '"message/{no.real}{a!r}"'),
         "event 1 (message.created), id: found 'message/{no.real}{a!r}'; allowed columns in "
         "braces, such as message/{message_no}, or {message_no:012} for a number with zeros "
         "before it"),
        (('path = "rows.csv"', ""), "input: give either path, or database and query"),
        (('path = "rows.csv"', 'path = "rows.csv"\nzone = "Mars"'),
         "time zone: found 'Mars'; use an IANA name such as Europe/Paris"),
        (('"at"', "{ column = 3 }"), "event 1, time, column: Expected `str | null`, got `int`"),
        (('"at"', "{ column = 'at', const = 'x' }"),
         "event 1 (message.created), time: found column, const; allowed exactly one of column, "
         "const and template"),
        (("[[event]]", "[[evnt]]"), "key: found 'evnt', did you mean 'event'?"),
        (("[input]", "[input"), None),
        (('path = "rows.csv"', 'path = "rows.xls"'), None),
        (('path = "rows.csv"', 'path = "nothing-*.csv"'), None),
    ],
)  # fmt: skip
def test_a_wrong_mapping_is_refused_by_name_before_anything_is_stored(
    home: Path, tmp_path: Path, change: tuple[str, str], error: str | None
) -> None:
    mapping = rows(tmp_path / "desk", HEAD, "1,9,in,2026-06-08 09:00,Hello")
    (tmp_path / "desk" / "rows.xls").write_text("x")
    text = mapping.read_text(encoding="utf-8")
    assert change[0] in text
    mapping.write_text(text.replace(*change), encoding="utf-8")
    result = add(home, mapping)
    assert (result.status, result.out) == (2, "")
    expected = _FILE_ERRORS[change[1]] if error is None else error
    assert (
        result.err.replace(str(tmp_path), "…").removeprefix("tawny: ").removeprefix("--mapping: ")
        == f"{expected}\n"
    )
    assert tawny(home, "sources", "list", "--json").out == "[]\n"


_FILE_ERRORS = {
    "[input": "…/desk/mapping.toml: not TOML: Expected ']' at the end of a table declaration "
    "(at line 2, column 7)",
    'path = "rows.xls"': "input, path: …/desk/rows.xls: allowed names that end in .csv, .tsv, "
    ".jsonl, .ndjson, .parquet, also with .gz",
    'path = "nothing-*.csv"': "input, path: …/desk/nothing-*.csv: there is no such file; allowed a "
    "path from the folder of the mapping file, with * and ?",
}


@pytest.mark.parametrize(
    ("cell", "time", "more", "instant"),
    [
        ("2026-06-08T09:00:00.1239+02:00", '"at"', "", "2026-06-08T07:00:00.123Z"),
        ("2026-06-08 09:00", '"at"', "", "2026-06-08T09:00:00.000Z"),
        ("2026-06-08 09:00", '"at"', 'zone = "Europe/Paris"', "2026-06-08T07:00:00.000Z"),
        # Skipped: the instant the clocks jump to. Repeated: the first.
        ("2026-03-29 02:30", '"at"', 'zone = "Europe/Paris"', "2026-03-29T01:00:00.000Z"),
        ("2026-10-25 02:30", '"at"', 'zone = "Europe/Paris"', "2026-10-25T00:30:00.000Z"),
        ("08/06/2026 09:00", '{ column = "at", format = "%d/%m/%Y %H:%M" }', "",
         "2026-06-08T09:00:00.000Z"),
        ("1780902000", '{ column = "at", unit = "s" }', "", "2026-06-08T07:00:00.000Z"),
        ("1780902000.5", '{ column = "at", unit = "s" }', "", "2026-06-08T07:00:00.500Z"),
        ("1780902000123", '{ column = "at", unit = "ms" }', "", "2026-06-08T07:00:00.123Z"),
    ],
)  # fmt: skip
def test_times_as_desks_write_them(
    home: Path, tmp_path: Path, cell: str, time: str, more: str, instant: str
) -> None:
    mapping = rows(tmp_path / "desk", HEAD, f"1,9,in,{cell},Hello", time=time, more=more)
    assert add(home, mapping).status == 0
    event = json.loads(sync(home, "--dry-run")[0])
    assert event["time"] == instant


def test_files_of_other_kinds_give_the_same_events(home: Path, tmp_path: Path) -> None:
    cells = {"no": [1, 2], "ticket": [9.0, 9.0], "kind": ["in", "in"],
             "at": [datetime(2026, 6, 8, 9, tzinfo=UTC)] * 2, "text": ["Hello", None]}  # fmt: skip
    texts = [HEAD, "1,9,in,2026-06-08T09:00:00Z,Hello", "2,9,in,2026-06-08T09:00:00Z,"]
    folder = tmp_path / "desk"
    mapping = rows(folder, *texts)
    found = []
    pq.write_table(pa.table(cells), folder / "rows.parquet")
    with gzip.open(folder / "rows.csv.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(texts) + "\n")
    (folder / "rows.jsonl").write_text(
        '{"no": 1, "ticket": "9", "kind": "in", "at": "2026-06-08T09:00:00Z", "text": "Hello"}\n'
        "\n"
        '{"no": 2, "ticket": "9", "kind": "in", "at": "2026-06-08T09:00:00Z", "text": null}\n'
    )
    for name in ("rows.csv", "rows.parquet", "rows.csv.gz", "rows.jsonl"):
        text = mapping.read_text(encoding="utf-8")
        other = folder / f"{name}.toml"
        other.write_text(text.replace('path = "rows.csv"', f'path = "{name}"'), encoding="utf-8")
        assert add(home / name, other).status == 0
        found.append(sync(home / name, "--dry-run")[:2])
    assert json.loads(found[0][0])["data"] == {
        "message_id": "1", "conversation_id": "9", "direction": "inbound", "content": "Hello",
    }  # fmt: skip
    assert found[1:] == [found[0]] * 3


def test_a_cursor_goes_on_where_it_stopped_and_leaves_what_is_young(
    home: Path, tmp_path: Path
) -> None:
    young = (datetime.now(UTC) + timedelta(seconds=-20)).isoformat()
    folder = tmp_path / "desk"
    lines = ["1,9,in,2026-06-08T09:00:00Z,a", "2,9,in,2026-06-08T10:00:00Z,b", f"3,9,in,{young},c"]
    mapping = rows(folder, HEAD, *lines, more='cursor = "at"')
    add(home, mapping)
    assert sync(home)[1] == "accepted=2 duplicates=0 refused=0"
    # Late by less than the overlap; and so late that the cursor has passed.
    lines += ["4,9,in,2026-06-08T09:55:00Z,d", "5,9,in,2026-06-08T08:00:00Z,e"]
    rows(folder, HEAD, *lines, more='cursor = "at"')
    assert sync(home)[1] == "accepted=1 duplicates=1 refused=0"
    assert sync(home, "--full")[1] == "accepted=1 duplicates=3 refused=0"


def test_a_number_as_cursor(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    mapping = rows(folder, HEAD, "1,9,in,2026-06-08T09:00:00Z,a", more='cursor = "no"')
    add(home, mapping)
    sync(home)
    rows(folder, HEAD, "1,9,in,2026-06-08T09:00:00Z,changed", "2,9,in,2020-01-01T09:00:00Z,b",
         more='cursor = "no"')  # fmt: skip
    assert sync(home)[1] == "accepted=2 duplicates=1 refused=0"


def test_ids_of_a_second_source_carry_its_prefix_and_texts_may_stay_away(
    home: Path, tmp_path: Path
) -> None:
    mapping = rows(tmp_path / "desk", HEAD, "1,9,in,2026-06-08T09:00:00Z,Hello")
    first = tawny(home, "sources", "add", "table", "first", "--mapping", str(mapping))
    assert first.status == 0
    assert add(home, mapping, "--content", "no").status == 0
    event = json.loads(sync(home, "--dry-run")[0])
    assert (event["source"], event["id"], event["data"]) == (
        "/tables/desk",
        "message/1",
        {"message_id": "desk:1", "conversation_id": "desk:9", "direction": "inbound"},
    )


def test_a_lost_ledger_is_learnt_from_the_log(home: Path, desk: Path) -> None:
    add(home, desk / "mapping.toml")
    sync(home)
    agents = desk / "agents.csv"
    agents.write_text(agents.read_text().replace("Ann Berg", "Ann Lund"), encoding="utf-8")
    sync(home)
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (home / name).unlink(missing_ok=True)
    add(home, desk / "mapping.toml")
    assert sync(home)[1] == "accepted=0 duplicates=17 refused=0"


def test_options_that_mean_nothing_to_a_table_are_refused(home: Path, desk: Path) -> None:
    result = add(home, desk / "mapping.toml", "--virtual-agent", "7")
    assert (result.status, result.err) == (
        2, "tawny: --virtual-agent: a source of the kind table has no such option\n",
    )  # fmt: skip


def test_the_schema_of_the_documentation_is_that_of_the_code() -> None:
    kept = json.loads((EXAMPLES.parent / "table.schema.json").read_text(encoding="utf-8"))
    assert kept == mapping_schema()
    for example in ("csv", "sql"):
        mapping = tomllib.loads((EXAMPLES / example / "mapping.toml").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator(kept).validate(mapping)
