"""What docs/how-to-add.md says is all there is to do: each thing is added to a copy of the package
in the files that the guide names, and everything that must know of it does."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands import ndjson, tawny
from package_copies import Change, call, copied
from processes import event

FRENCH = "translations/fr/tawny.po"
HEAD = "# French texts of the pages. Message ids are the English texts.\n"

COLUMN: tuple[Change, ...] = (
    (
        "queries/sql/contacts.sql",
        "    totals.inbound_messages AS inbound_messages,\n",
        "    totals.inbound_messages AS inbound_messages,\n"
        "    /* integer messages | Number of All Messages\n"
        "       Messages of the contact in the range, in either direction. 0 if none. */\n"
        "    totals.inbound_messages + totals.outbound_messages AS all_messages,\n",
    ),
    (
        FRENCH,
        HEAD,
        HEAD + 'msgid "Number of All Messages"\nmsgstr "Nombre de tous les messages"\n\n'
        'msgid "Messages of the contact in the range, in either direction. 0 if none."\n'
        'msgstr "Messages du contact dans la plage, dans les deux sens. 0 si aucun."\n\n',
    ),
    (
        "translations/hootdesk-fr/tawny.po",
        'msgid ""\n',
        'msgid "Number of All Messages"\nmsgstr "Total des messages"\n\nmsgid ""\n',
    ),
)

EXPORT: tuple[Change, ...] = (
    (
        "queries/sql/channels.sql",
        "",
        "-- title: Channels\n"
        "-- One row per channel, as last saved.\n"
        "-- place: 13\n"
        "-- range: none\n"
        "-- order: key\n"
        "-- key: channel_id\n"
        "-- never empty: channel_id\n"
        "WITH scope AS (SELECT channel_id FROM channels)\n\n"
        "SELECT\n"
        "    /* id | Channel ID\n"
        "       Identifies the channel; one row per channel that was ever saved. */\n"
        "    channels.channel_id AS channel_id,\n"
        "    /* text | Channel Name\n"
        "       Name of the channel, as last saved up to the as-of instant. */\n"
        "    channels.name AS channel_name\n"
        "FROM channels\n"
        "ORDER BY channels.channel_id\n",
    ),
)

FORMAT: tuple[Change, ...] = (
    (
        "exports/formats/tsv_files.py",
        "",
        """from tawny.disk import sha256_of
from tawny.exports.formats.base import FileFormat, Written
from tawny.text import N_


def _write(source, path):
    rows = [row for batch in source.batches() for row in batch.to_pylist()]
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            print(*row.values(), sep="\\t", file=stream)
    return Written(len(rows), sha256_of(path))


def _column_texts(path, header):
    return iter(())


FORMATS = (
    FileFormat(
        *("tsv", N_("Tabs"), 1, ".tsv", "text/tab-separated-values"), _write, place=5,
        column_texts=_column_texts,
    ),
)
""",
    ),
    (
        "exports/formats/registry.py",
        "    *xlsx_files.FORMATS,\n",
        "    *xlsx_files.FORMATS,\n    *tsv_files.FORMATS,\n",
    ),
    (
        "exports/formats/registry.py",
        "parquet_files, xlsx_files",
        "parquet_files, tsv_files, xlsx_files",
    ),
)

SETTING: tuple[Change, ...] = (
    (
        "settings.py",
        '    Setting(\n        "request_mb",\n',
        '    Setting(\n        "patience_s",\n        7,\n'
        '        Text("a whole number from 1 to 9"),\n'
        '        Text("Seconds to wait."),\n        _whole_number(1, 9),\n    ),\n'
        '    Setting(\n        "request_mb",\n',
    ),
)

EVENT_TYPE: tuple[Change, ...] = (
    (
        "model/event_types/conversation.py",
        "TYPES: tuple[type[EventData], ...] = (\n",
        '''class ConversationSnoozed(EventData, gc=False):
    """An agent puts a conversation off."""

    event_type = "conversation.snoozed"
    family = "status"
    conversation_id: Id
    agent_id: Id | None = None


TYPES: tuple[type[EventData], ...] = (
    ConversationSnoozed,
''',
    ),
    (
        "queries/sql/facts/conversation_activity.sql",
        "    FROM scope_changes\n",
        "    FROM scope_changes\n"
        "    UNION ALL\n"
        "    SELECT conversation_id, time_ms\n"
        "    FROM status_events_in_scope\n"
        "    WHERE type = 'conversation.snoozed'\n",
    ),
)

ENGINE: tuple[Change, ...] = (
    (
        "engine/twin.py",
        "",
        '''"""A second engine in this process, which hands its rows over in a file."""

import pyarrow as pa
import pyarrow.parquet as pq

from tawny.engine.duck import Duck
from tawny.engine.literals import files_literal


class Twin(Duck):
    name = "twin"

    def __init__(self, settings, embedded, scratch):
        super().__init__(scratch, 500, 1)
        self._embedded = embedded
        self._rows = scratch / "twin.parquet"

    @property
    def embedded(self):
        return self._embedded

    def delivered(self, statement):
        return f"SELECT * FROM read_parquet({files_literal([str(self._rows)])})"

    def deliver(self, statement, values, schema):
        rows = pa.Table.from_batches(list(self.batches(statement, values)))
        pq.write_table(rows.select(schema.names).cast(schema), self._rows)
''',
    ),
    ("engine/base.py", 'Literal["duckdb", "spark"]', 'Literal["duckdb", "spark", "twin"]'),
    (
        "engine/engines.py",
        "from tawny.errors import",
        "from tawny.engine.twin import Twin\nfrom tawny.errors import",
    ),
    (
        "engine/engines.py",
        '    "spark": _open_spark,\n',
        '    "spark": _open_spark,\n    "twin": Twin,\n',
    ),
)

SOURCE: tuple[Change, ...] = (
    ("sources/notebook/__init__.py", "", ""),
    (
        "sources/notebook/reader.py",
        "",
        '''"""A desk that is a file: one team a line."""

from pathlib import Path

from tawny.model.zones import current_ms
from tawny.sources.events import Event, version_id
from tawny.sources.reader import DeskAccess, Page, Record

SAVED_MS = 1_772_445_600_000


class NotebookReader:
    def __init__(self, options, prefix):
        self._names = Path(options["url"]).read_text(encoding="utf-8").split()
        self._prefix = prefix

    def access(self):
        return DeskAccess("notebook", "1", {"teams": len(self._names)}, None, None, 0.0)

    def now_us(self):
        return current_ms() * 1000

    def pages(self, cursors, window, ledger, report):
        for number, name in enumerate(self._names, 1):
            report.read["team"] += 1
            data = {"team_id": f"{self._prefix}{number}", "name": name}

            def events(facts, data=data, number=number):
                base = f"team/{number}"
                event_id, time_ms = version_id(
                    facts, base, "team.saved", data, SAVED_MS, SAVED_MS + 1
                )
                yield Event(event_id, "team.saved", time_ms, data)

            yield Page([Record(f"team/{number}", events)], dict(cursors))

    def counts(self, until_us):
        return {}

    def close(self):
        pass
''',
    ),
    (
        "sources/kinds.py",
        "KINDS: Mapping[str, SourceKind] = {\n",
        """def _open_notebook(home, options, secrets, prefix, source):
    from tawny.sources.notebook.reader import NotebookReader

    return NotebookReader(options, prefix)


KINDS: Mapping[str, SourceKind] = {
    "notebook": SourceKind(
        name="notebook",
        needed=("url",),
        secrets=(),
        own=("url",),
        lacks=(),
        address=lambda name, options: f"file:{options['url']}",
        check=lambda options: None,
        open=_open_notebook,
    ),
""",
    ),
)

MARCH = ("--from", "2026-03-01", "--to", "2026-04-01")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with a channel and a contact who wrote twice and was answered once."""
    folder = tmp_path_factory.mktemp("home")
    created = {"conversation_id": "c", "channel_id": "ch", "contact_id": "k"}
    events = [
        event(0, "channel.saved", channel_id="ch", name="Mail", medium="email"),
        event(1, "conversation.created", **created),
        *(
            event(n, "message.created", message_id=f"m{n}", conversation_id="c", **way)
            for n, way in (
                (2, {"direction": "inbound"}),
                (3, {"direction": "inbound"}),
                (4, {"direction": "outbound", "outbound_type": "agent", "agent_id": "a"}),
            )
        ),
    ]
    file = folder / "events"
    file.write_bytes(ndjson([one | {"time": "2026-03-02T10:00:00Z"} for one in events]))
    assert tawny(folder, "ingest", str(file)).out == "accepted=5 duplicates=0 refused=0\n"
    return folder


def test_a_column(home: Path, tmp_path: Path) -> None:
    copy, out = copied(tmp_path, COLUMN), tmp_path / "contacts.csv"
    assert call(copy, home, "export", "contacts", *MARCH, "-o", str(out)).status == 0
    with out.open(encoding="utf-8", newline="") as stream:
        assert [row["Number of All Messages"] for row in csv.DictReader(stream)] == ["3"]
    for headers, expected in (
        ("fr", "Nombre de tous les messages"),
        ("hootdesk-fr", "Total des messages"),
        ("key", "all_messages"),
    ):
        assert (
            call(
                copy, home, "export", "contacts", *MARCH, "--headers", headers, "-o", str(out)
            ).status
            == 0
        )
        assert expected in out.read_text(encoding="utf-8").splitlines()[0].split(",")
    dictionary = json.loads(call(copy, home, "columns", "contacts", "--format", "json").out)
    (column,) = [one for one in dictionary["columns"] if one["key"] == "all_messages"]
    assert column["definition"]["fr"].startswith("Messages du contact")
    chosen = ("--columns", "contact_profile_id,all_messages", "-o", str(out))
    assert call(copy, home, "export", "contacts", *MARCH, *chosen).status == 0
    assert out.read_text(encoding="utf-8") == ("Contact Profile ID,Number of All Messages\nk,3\n")


def test_an_export(home: Path, tmp_path: Path) -> None:
    copy, out = copied(tmp_path, EXPORT), tmp_path / "channels.csv"
    assert call(copy, home, "exports").out.splitlines()[-1].split()[0] == "channels"
    assert call(copy, home, "export", "channels", "-o", str(out)).status == 0
    assert out.read_text(encoding="utf-8") == "Channel ID,Channel Name\nch,Mail\n"
    wrong = call(copy, home, "export", "nothing", "-o", str(out))
    assert wrong.err.rstrip().endswith("channels")


def test_a_format(home: Path, tmp_path: Path) -> None:
    copy, out = copied(tmp_path, FORMAT), tmp_path / "contacts.tsv"
    chosen = ("--columns", "contact_profile_id,inbound_messages", "-o", str(out))
    assert call(copy, home, "export", "contacts", *MARCH, *chosen).status == 0
    assert out.read_text(encoding="utf-8") == "k\t2\n"
    assert "tsv" in call(copy, home, "export", "--help").out
    wrong = call(copy, home, "export", "contacts", *MARCH, "--format", "doc", "-o", str(out))
    assert (wrong.status, "xlsx, tsv" in wrong.err) == (2, True)
    # The API takes it, and its document says so; the list of the pages has it.
    told = subprocess.run(
        [
            *(sys.executable, "-c"),
            "from tawny.server.api.shapes import ExportBody as body\n"
            "from tawny.server.pages.labels import FORMATS\nimport msgspec\n"
            "print(msgspec.json.schema_components([body])[1]['ExportBody']['properties']['format'])\n"
            "print(list(FORMATS))",
        ],
        capture_output=True, text=True, check=True, cwd=copy, env={"PYTHONPATH": str(copy)},
    ).stdout.splitlines()  # fmt: skip
    assert told == [
        "{'enum': ['csv', 'jsonl', 'parquet', 'tsv', 'xlsx'], 'default': 'csv'}",
        "['xlsx', 'csv', 'parquet', 'jsonl', 'tsv']",
    ]


def test_a_setting(home: Path, tmp_path: Path) -> None:
    copy = copied(tmp_path, SETTING)
    assert "TAWNY_PATIENCE_S=7\n    Seconds to wait.\n" in call(copy, home, "settings").out
    wrong = call(copy, home, "settings", TAWNY_PATIENCE_S="10")
    assert wrong.err == (
        "tawny: TAWNY_PATIENCE_S: found '10'; allowed a whole number from 1 to 9\n"
    )


def test_an_event_type(home: Path, tmp_path: Path) -> None:
    copy, own, out = copied(tmp_path, EVENT_TYPE), tmp_path / "home", tmp_path / "open.csv"
    shutil.copytree(home, own)
    snoozed = event(9, "conversation.snoozed", conversation_id="c", agent_id="a")
    file = tmp_path / "events"
    file.write_bytes(ndjson([snoozed | {"time": "2026-03-02T11:00:00Z"}]))
    assert tawny(own, "ingest", str(file)).status == 3
    assert call(copy, own, "ingest", str(file)).out == "accepted=1 duplicates=0 refused=0\n"
    assert "An agent puts a conversation off." in call(copy, own, "events").out
    schema = json.loads(call(copy, own, "events", "--schema").out)
    assert "conversation.snoozed" in json.dumps(schema)
    wrong = event(10, "conversation.snoozed", conversation_id="")
    file.write_bytes(ndjson([wrong]))
    assert "data.conversation_id" in call(copy, own, "ingest", str(file)).err
    chosen = ("--columns", "conversation_id,last_updated", "-o", str(out))
    assert call(copy, own, "export", "open-conversations", *chosen).status == 0
    assert out.read_text(encoding="utf-8") == (
        "Conversation ID,Last Updated\nc,2026-03-02T11:00:00.000+00:00\n"
    )


def test_a_kind_of_source(tmp_path: Path) -> None:
    copy, own, desk = copied(tmp_path, SOURCE), tmp_path / "home", tmp_path / "desk.txt"
    desk.write_text("Returns\nBilling\n", encoding="utf-8")
    added = call(copy, own, "sources", "add", "notebook", "desk", "--url", str(desk))
    assert (added.status, "found: teams 2" in added.out) == (0, True)
    synced = call(copy, own, "sources", "sync", "desk")
    assert "accepted=2 duplicates=0 refused=0\n" in synced.out
    again = call(copy, own, "sources", "sync", "desk")
    assert "accepted=0 duplicates=2 refused=0\n" in again.out
    desk.write_text("Returns\nInvoices\n", encoding="utf-8")
    assert "accepted=1 " in call(copy, own, "sources", "sync", "desk").out
    wrong = call(copy, own, "sources", "add", "paper", "other")
    assert (wrong.status, "notebook, chatwoot, intercom, table" in wrong.err) == (2, True)


def test_an_engine(home: Path, tmp_path: Path) -> None:
    copy = copied(tmp_path, ENGINE)
    files = [tmp_path / name for name in ("duckdb.csv", "twin.csv")]
    for file in files:
        made = call(
            *(copy, home, "export", "contacts", *MARCH, "--engine", file.stem, "-o", str(file)),
            *("--as-of", "2026-05-01T00:00:00Z"),
        )
        assert made.status == 0, made.err
        receipt = json.loads(Path(f"{file}.receipt.json").read_text(encoding="utf-8"))
        assert receipt["engine"] == file.stem
    assert files[0].read_bytes() == files[1].read_bytes()
    wrong = call(copy, home, "export", "contacts", *MARCH, "--engine", "none", "-o", str(files[0]))
    assert (wrong.status, "duckdb, spark, twin" in wrong.err) == (2, True)
