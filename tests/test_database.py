"""Delivery of rows into tables of a PostgreSQL database, a real one, by the command line."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from commands import ingest, ndjson, tawny
from postgres import Cluster, cluster
from server.running import conversation, event, small_log, until
from server_process import LONGEST_WAIT_S
from tawny.deliveries import database_connection
from tawny.deliveries.row_tables import table_name
from tawny.outgoing.addresses import OutgoingRule
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.queries.columns import ColumnType
from test_sftp import RANGE, again, done


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small log."""
    home = tmp_path_factory.mktemp("database") / "home"
    ingest(home, ndjson(small_log()))
    return home


class Target:
    """An empty database, and a login of its own that owns nothing but a schema."""

    def __init__(self, server: Cluster) -> None:
        self.address = server.new_database()
        self.name = self.address.rpartition("/")[2]
        self.login, self.password = f"{self.name}_loader", "pass/word 1!"
        self.place = f"127.0.0.1:{server.port}"
        self.url = f"postgresql://{self.login}@{self.place}/{self.name}"
        self.run(f"CREATE ROLE {self.login} LOGIN PASSWORD '{self.password}'")
        self.run(f"CREATE SCHEMA care; GRANT USAGE, CREATE ON SCHEMA care TO {self.login}")
        self.run(f"REVOKE ALL ON DATABASE {self.name} FROM PUBLIC")
        self.run(f"GRANT CONNECT ON DATABASE {self.name} TO {self.login}")

    def run(self, statement: str) -> None:
        """As whoever runs the database."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What somebody reads there."""
        with psycopg.connect(self.address) as connection:
            return connection.execute(statement.encode()).fetchall()

    def tables(self) -> list[str]:
        found = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'care' ORDER BY 1")
        return [name for (name,) in found]


@pytest.fixture
def target(server: Cluster) -> Target:
    return Target(server)


@pytest.fixture
def home(tmp_path: Path, log: Path, target: Target, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder, and the password where commands find it."""
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "127.0.0.1")
    monkeypatch.setenv("DATABASE_PASSWORD", target.password)
    home = tmp_path / "home"
    shutil.copytree(log, home)
    return home


def add(home: Path, url: str, *more: str) -> None:
    said = done(home, "destinations", "add", "database", "there", "--url", url, "--schema", "care",
                "--password", "env:DATABASE_PASSWORD", *more)  # fmt: skip
    assert said == "there is set up; tawny destinations test there says whether it works\n"


def schedule(home: Path, name: str, *exports: str, more: tuple[str, ...] = ()) -> None:
    done(home, "schedules", "add", name, *exports, "--frequency", "daily", "--tz", "Europe/Paris",
         "--destination", "there", *more)  # fmt: skip


def exported(home: Path, export_type: str) -> list[dict[str, Any]]:
    """The rows of the day as a file has them."""
    result = tawny(home, "export", export_type, *RANGE, "--tz", "Europe/Paris", "--format",
                   "jsonl", "--headers", "key", "-o", "-")  # fmt: skip
    assert result.status == 0, result
    return [json.loads(line) for line in result.out.splitlines()]


def table_rows(target: Target, export_type: str) -> list[dict[str, Any]]:
    """The cells of a table, instants as ISO texts in UTC."""
    columns = [one.key for one in query(export_type).columns]
    names = ", ".join(f'"{name}"' for name in columns)
    found = target.rows(f"SELECT {names} FROM care.{table_name(export_type)}")
    return [dict(zip(columns, map(_plain, row), strict=True)) for row in found]


def _plain(cell: Any) -> Any:
    return cell.astimezone(UTC).isoformat() if isinstance(cell, datetime) else cell


def as_typed(export_type: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a file of JSON as `table_rows` has it."""
    times = {one.key for one in query(export_type).columns if one.type is ColumnType.TIMESTAMP}
    return {
        key: _plain(datetime.fromisoformat(cell)) if key in times and cell else cell
        for key, cell in row.items()
    }


def delivered(home: Path) -> dict[str, Any]:
    """The newest delivery."""
    found: dict[str, Any] = json.loads(done(home, "deliveries", "list", "--json"))[0]
    return found


# --- whole way ------------------------------------------------------------------------------------


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_rows_of_every_export_are_there_as_its_file_has_them(
    home: Path, target: Target, file_format: str
) -> None:
    add(home, target.url)
    assert done(home, "destinations", "test", "there") == (
        "there works: the login may do all that is needed there\n"
    )
    assert target.tables() == []
    schedule(home, "all", "all", more=("--content", "yes", "--file-format", file_format))
    done(home, "schedules", "backfill", "all", *RANGE)
    assert target.tables() == sorted(map(table_name, EXPORT_TYPES))
    for name in EXPORT_TYPES:
        expected = [as_typed(name, row) for row in exported(home, name)]
        assert sorted(map(repr, table_rows(target, name))) == sorted(map(repr, expected)), name
    assert target.rows("SELECT count(*) FROM care.messages") == [(20,)]
    files = {one["name"]: one["rows"] for one in delivered(home)["files"]}
    assert files == {f"care.{table_name(name)}": len(exported(home, name)) for name in EXPORT_TYPES}
    # What the row key names beside the cells.
    assert target.rows("SELECT user_id, n FROM care.user_presence") == [("ann", 1)]


def test_keys_and_types_are_those_of_the_contract(home: Path, target: Target) -> None:
    add(home, target.url)
    schedule(home, "all", "all")
    done(home, "schedules", "backfill", "all", *RANGE)
    slot = ["schedule", "slot_from", "slot_to"]
    keys: dict[str, list[str]] = {}
    for table, column in target.rows(
        "SELECT t.relname, a.attname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid, "
        "unnest(c.conkey) WITH ORDINALITY AS k(number, nth), pg_attribute a "
        "WHERE c.contype = 'p' AND t.relnamespace = 'care'::regnamespace "
        "AND a.attrelid = t.oid AND a.attnum = k.number ORDER BY t.relname, k.nth"
    ):
        keys.setdefault(table, []).append(column)
    assert keys == {
        "contact_attributes": [*slot, "contact_profile_id", "attribute_id"],
        "contacts": [*slot, "contact_profile_id"],
        "messages": ["message_id"],
        "open_conversations": [*slot, "conversation_id"],
        "resolved_conversations": ["conversation_id"],
        "response_times": ["outbound_message_id"],
        "tags": [*slot, "tag_id", "channel_id"],
        "teams": [*slot, "team_id"],
        "topics": [*slot, "topic_id", "channel_id"],
        "user_presence": [*slot, "user_id", "from", "n"],
        "users": [*slot, "user_id"],
        "virtual_agents": [*slot, "agent_id", "channel_id"],
    }
    types = dict(
        target.rows(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'care' AND table_name = 'resolved_conversations'"
        )
    )
    assert {name: types[name] for name in ("slot_id", "as_of", "slot_from")} == {
        "slot_id": "uuid", "as_of": "timestamp with time zone",
        "slot_from": "timestamp with time zone",
    }  # fmt: skip
    assert set(types.values()) >= {"text", "bigint", "ARRAY", "timestamp with time zone"}
    assert target.rows("SELECT DISTINCT schedule, slot_from, slot_to FROM care.teams") == [
        ("all", datetime(2026, 6, 7, 22, tzinfo=UTC), datetime(2026, 6, 8, 22, tzinfo=UTC))
    ]


def test_a_delivery_made_twice_leaves_one_set_of_rows(home: Path, target: Target) -> None:
    add(home, target.url)
    schedule(home, "daily", "messages", "users")
    done(home, "schedules", "backfill", "daily", *RANGE)
    before = target.rows("SELECT * FROM care.messages ORDER BY message_id")
    users = target.rows("SELECT * FROM care.users")
    again(home)
    assert delivered(home)["state"] == "delivered"
    assert target.rows("SELECT * FROM care.messages ORDER BY message_id") == before
    assert target.rows("SELECT * FROM care.users") == users


def test_a_revision_replaces_the_rows_of_its_slot_also_under_another_name(
    home: Path, target: Target
) -> None:
    add(home, target.url)
    schedule(home, "daily", "messages", "users")
    done(home, "schedules", "backfill", "daily", *RANGE)
    done(home, "schedules", "backfill", "daily", "--from", "2026-06-01", "--to", "2026-06-02")
    assert target.rows("SELECT count(*) FROM care.messages") == [(20,)]
    # One that is no longer in the file, of this slot and of another.
    target.run("UPDATE care.messages SET message_id = 'gone' WHERE message_id = "
               "(SELECT min(message_id) FROM care.messages)")  # fmt: skip
    target.run("INSERT INTO care.users (schedule, slot_from, slot_to, slot_id, as_of, user_id, "
               "resolves_with_response, resolves_without_response, contacts_helped, csat_score_1, "
               "csat_score_2, csat_score_3, csat_score_4, csat_score_5, tags_added, topics_added, "
               "replies) SELECT 'other', slot_from, slot_to, gen_random_uuid(), as_of, user_id, "
               "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM care.users")  # fmt: skip
    done(home, "schedules", "set", "daily", "--name", "renamed")
    done(home, "schedules", "backfill", "renamed", *RANGE, "--again")
    assert delivered(home)["revision"] == 2
    assert target.rows("SELECT count(*) FROM care.messages WHERE message_id = 'gone'") == [(0,)]
    assert target.rows("SELECT DISTINCT schedule FROM care.messages") == [("renamed",)]
    assert target.rows("SELECT schedule FROM care.users ORDER BY 1") == [("other",), ("renamed",)]


def test_of_two_slots_with_one_row_the_later_has_it(home: Path, target: Target) -> None:
    add(home, target.url)
    schedule(home, "first", "messages")
    schedule(home, "second", "messages")
    done(home, "schedules", "backfill", "second", *RANGE)
    done(home, "schedules", "backfill", "first", *RANGE)
    counted = "SELECT schedule, count(*) FROM care.messages GROUP BY 1"
    assert target.rows(counted) == [("first", 20)]
    # An older slot that comes again takes nothing from it.
    done(home, "schedules", "backfill", "second", *RANGE, "--again")
    assert target.rows(counted) == [("first", 20)]
    done(home, "schedules", "backfill", "first", *RANGE, "--again")
    assert target.rows(counted) == [("first", 20)]


def test_texts_are_there_whole_and_nul_has_a_sign(home: Path, target: Target) -> None:
    text = 'tab\tbackslash\\N line\nquote" nul\0end é \U0001f989'
    odd = event("message.created", "odd", "2026-06-08T10:30:00Z", message_id="odd",
                conversation_id="red-0", direction="inbound", content=text)  # fmt: skip
    ingest(home, ndjson([odd]))
    add(home, target.url)
    schedule(home, "daily", "messages", more=("--content", "yes"))
    done(home, "schedules", "backfill", "daily", *RANGE)
    assert target.rows("SELECT content FROM care.messages WHERE message_id = 'odd'") == [
        (text.replace("\0", "\ufffd"),)
    ]


# --- what is refused ------------------------------------------------------------------------------


def test_a_table_with_other_columns_is_refused_and_left_as_it_is(
    home: Path, target: Target
) -> None:
    add(home, target.url)
    schedule(home, "daily", "teams")
    target.run("CREATE TABLE care.teams (team_id bigint PRIMARY KEY, mine text)")
    target.run(f"GRANT ALL ON care.teams TO {target.login}")
    assert tawny(home, "schedules", "backfill", "daily", *RANGE).status == 1
    reason = delivered(home)["reason"]
    assert reason.startswith(
        f"{target.place}/{target.name}: the table care.teams has other columns than its export: "
        "schedule (text) is missing; slot_from (timestamp with time zone) is missing; "
    )
    assert reason.endswith(
        "; a table is never altered: rename or drop it, or give the destination another schema"
    )
    target.run("DROP TABLE care.teams")
    done(home, "deliveries", "retry", str(delivered(home)["id"]))
    target.run("ALTER TABLE care.teams ALTER replies TYPE integer; "
               "ALTER TABLE care.teams ADD mine text")  # fmt: skip
    assert tawny(home, "schedules", "backfill", "daily", *RANGE, "--again").status == 1
    assert (
        "has other columns than its export: mine is not expected; replies is integer, not bigint; "
    ) in delivered(home)["reason"]
    target.run("ALTER TABLE care.teams ALTER replies TYPE bigint; "
               "ALTER TABLE care.teams DROP mine; "
               "ALTER TABLE care.teams DROP CONSTRAINT teams_pkey")  # fmt: skip
    assert tawny(home, "deliveries", "retry", str(delivered(home)["id"])).status == 1
    assert (
        "has other columns than its export: the primary key is -, not schedule, slot_from, "
        "slot_to, team_id; "
    ) in delivered(home)["reason"]
    assert target.rows("SELECT count(*) FROM care.teams") == [(1,)]


def test_a_choice_of_columns_keeps_what_tells_rows_apart(home: Path, target: Target) -> None:
    add(home, target.url)
    refused = tawny(home, "schedules", "add", "few", "messages", "--columns", "created_at",
                    "--frequency", "daily", "--destination", "there")  # fmt: skip
    assert (refused.status, refused.err) == (
        2,
        "tawny: columns: found none called message_id; there takes rows, and by it the rows of "
        "messages are told apart: choose it too\n",
    )
    schedule(home, "few", "messages", more=("--columns", "message_id,created_at"))
    done(home, "schedules", "backfill", "few", *RANGE)
    names = target.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'care' "
        "ORDER BY ordinal_position"
    )
    assert [name for (name,) in names] == [
        "schedule", "slot_from", "slot_to", "slot_id", "as_of", "message_id", "created_at",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("--url", "postgresql://u:secret@h/d"),
         "url: found a password in it; give it by itself, as a secret of the destination"),
        (("--url", "postgresql://h/d"),
         "url: found 'postgresql://h/d'; allowed postgresql://USER@HOST/DATABASE or "
         "postgresql://USER@HOST:PORT/DATABASE"),
        (("--url", "postgresql://u@%2Ftmp/d"),
         "url: found 'postgresql://u@%2Ftmp/d'; allowed postgresql://USER@HOST/DATABASE or "
         "postgresql://USER@HOST:PORT/DATABASE"),
        (("--url", "postgresql://u@h/d?sslmode=disable"),
         "url: found 'postgresql://u@h/d?sslmode=disable'; allowed "
         "postgresql://USER@HOST/DATABASE or postgresql://USER@HOST:PORT/DATABASE"),
        (("--url", "postgresql://u@h/d"),
         "password: found nothing; a destination of the kind database needs it"),
        (("--url", "postgresql://u@h/d", "--schema", "x" * 64),
         f"schema: found '{'x' * 64}'; allowed the name of a schema, at most 63 bytes"),
        (("--url", "postgresql://u@h/d", "--template", "tawny"),
         "template: found with the kind database; allowed there: url, schema"),
    ],
)  # fmt: skip
def test_what_is_set_is_checked(home: Path, given: tuple[str, ...], why: str) -> None:
    refused = tawny(home, "destinations", "add", "database", "there", *given)
    assert (refused.status, refused.err) == (2, f"tawny: {why}\n")


# --- every fault by its name ----------------------------------------------------------------------


def told(home: Path) -> str:
    """What the test says is at fault."""
    result = tawny(home, "destinations", "test", "there")
    assert (result.status, result.out) == (1, "")
    return result.err.removeprefix("tawny: ").rstrip("\n")


def test_faults_of_the_server_are_named(
    home: Path, target: Target, server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home, target.url)
    where = f"{target.place}/{target.name}"

    def move(url: str) -> None:
        done(home, "destinations", "set", "there", "--url", url,
             "--password", "env:DATABASE_PASSWORD")  # fmt: skip

    monkeypatch.setenv("DATABASE_PASSWORD", "another-one")
    assert told(home) == (
        f"{target.place}: the login was refused (password authentication failed for user "
        f'"{target.login}"); check user and password'
    )
    monkeypatch.setenv("DATABASE_PASSWORD", target.password)
    move(f"{target.url}_gone")
    assert told(home) == (
        f"{target.place}: there is no database {target.name}_gone; make it there, or change the url"
    )
    move(target.url.replace(str(server.port), "1"))
    assert told(home) == "127.0.0.1: port 1 is closed: nothing listens there"
    move(target.url.replace("127.0.0.1", "nowhere.invalid"))
    assert told(home) == "nowhere.invalid: no host of this name was found"
    move(target.url)
    monkeypatch.setenv("TAWNY_OUTGOING_HOSTS", "db.example.com")
    assert told(home) == (
        "127.0.0.1: calls to this host are not allowed; whoever runs Tawny adds it to "
        "TAWNY_OUTGOING_HOSTS"
    )
    monkeypatch.delenv("TAWNY_OUTGOING_HOSTS")
    for host in ("2130706433", "0", "[::ffff:127.0.0.1]"):
        monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "10.0.0.0/8")
        move(target.url.replace("127.0.0.1", host))
        assert "is not a public one" in told(home)
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "127.0.0.1")
    move(target.url)
    target.run(f"ALTER ROLE {target.login} SET default_transaction_read_only = on")
    assert told(home) == (
        f"{where}: the database takes no changes (cannot execute CREATE TABLE in a read-only "
        "transaction); give the address of the one that does"
    )


def test_faults_of_rights_are_named(home: Path, target: Target) -> None:
    add(home, target.url)
    where, login = f"{target.place}/{target.name}", target.login
    target.run(f"REVOKE CREATE ON SCHEMA care FROM {login}")
    assert told(home) == (
        f"{where}: the login {login} has no right CREATE on the schema care; GRANT CREATE ON "
        f"SCHEMA care TO {login} gives it"
    )
    target.run(f"GRANT CREATE ON SCHEMA care TO {login}")
    schedule(home, "daily", "teams")
    done(home, "schedules", "backfill", "daily", *RANGE)
    # Once its tables are there it needs no more than to read, insert and delete.
    target.run("ALTER TABLE care.teams OWNER TO tawny")
    target.run(f"REVOKE CREATE ON SCHEMA care FROM {login}")
    target.run(f"GRANT SELECT, INSERT ON care.teams TO {login}")
    assert told(home) == (
        f"{where}: the login {login} has no right DELETE on the table care.teams; GRANT DELETE ON "
        f"care.teams TO {login} gives it"
    )
    target.run(f"GRANT DELETE ON care.teams TO {login}")
    assert "works" in done(home, "destinations", "test", "there")
    done(home, "schedules", "backfill", "daily", *RANGE, "--again")
    assert delivered(home)["state"] == "delivered"
    target.run(f"REVOKE USAGE ON SCHEMA care FROM {login}")
    assert told(home) == (
        f"{where}: the login {login} has no right USAGE on the schema care; GRANT USAGE ON SCHEMA "
        f"care TO {login} gives it"
    )
    target.run("DROP SCHEMA care CASCADE")
    assert told(home) == f"{where}: there is no schema care; make it there, or name another"


def test_elsewhere_a_database_is_spoken_to_with_tls_only(
    home: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home, target.url)
    # As if this were no network of our own.
    monkeypatch.setattr(OutgoingRule, "is_own", lambda _self, _address: False)
    assert told(home) == (
        f"{target.place}: its TLS is not accepted (connection failed: connection to server at "
        '"127.0.0.1", port '
        f"{target.place.rpartition(':')[2]} failed: server does not support SSL, but SSL was "
        "required); without a certificate that this machine trusts a database may be in networks "
        "that TAWNY_OUTGOING_PRIVATE names"
    )


def test_who_holds_a_table_is_waited_for_and_named(
    home: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_connection, "_LOCK_TIMEOUT_S", 1)
    add(home, target.url)
    schedule(home, "daily", "teams")
    done(home, "schedules", "backfill", "daily", *RANGE)
    with psycopg.connect(target.address) as other:
        other.execute("LOCK TABLE care.teams")
        assert tawny(home, "schedules", "backfill", "daily", *RANGE, "--again").status == 1
    assert delivered(home)["reason"] == (
        f"{target.place}/{target.name}: somebody else held a table for more than 1 s; nothing was "
        "changed"
    )


# --- in the middle --------------------------------------------------------------------------------


def test_a_kill_in_the_middle_leaves_the_rows_of_before(
    home: Path, target: Target, server: Cluster
) -> None:
    add(home, target.url)
    schedule(home, "daily", "messages", "teams")
    done(home, "schedules", "backfill", "daily", *RANGE)

    def everything() -> list[list[tuple[Any, ...]]]:
        tables = ("messages ORDER BY message_id", "teams")
        return [target.rows(f"SELECT * FROM care.{one}") for one in tables]

    before = everything()
    sleeping = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    ingest(home, ndjson(conversation(7, "red")))
    target.run(
        "CREATE FUNCTION care.waits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.message_id = 'out-red-3' THEN PERFORM pg_sleep(600); END IF; RETURN NEW; END $$"
    )
    for what in ("tawny", "session", "server"):
        target.run("CREATE TRIGGER waits BEFORE INSERT ON care.messages FOR EACH ROW "
                   "EXECUTE FUNCTION care.waits()")  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "tawny", "--home", str(home), "schedules", "backfill", "daily",
             *RANGE, "--again"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        [[pid]] = until(lambda: target.rows(sleeping) or None)
        assert everything() == before
        if what == "tawny":
            process.kill()
        if what == "server":
            server.crash()
            server.start()
        else:
            target.run(f"SELECT pg_terminate_backend({pid})")
        process.wait(LONGEST_WAIT_S)
        assert everything() == before
        if what != "tawny":
            assert delivered(home)["state"] == "failed"
            assert "the connection broke off; nothing was changed" in delivered(home)["reason"]
        target.run("DROP TRIGGER waits ON care.messages")
    with sqlite3.connect(home / "state.db") as state:
        state.execute("UPDATE deliveries SET next_try_ms = 0 WHERE next_try_ms IS NOT NULL")
    tawny(home, "schedules", "run", "--due")
    assert delivered(home)["state"] == "delivered"
    assert target.rows("SELECT count(*) FROM care.messages") == [(len(before[0]) + 2,)]


def test_the_password_is_found_nowhere(
    home: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(target.password))
    done(home, "destinations", "add", "database", "there", "--url", target.url, "--schema", "care",
         "--password", "-")  # fmt: skip
    schedule(home, "daily", "teams")
    target.run("CREATE TABLE care.teams (team_id bigint)")
    said = tawny(home, "schedules", "backfill", "daily", *RANGE)
    shown = done(home, "destinations", "show", "there", "--json")
    assert json.loads(shown)["secrets"] == ["password"]
    told_everywhere = said.out + said.err + shown + str(delivered(home))
    assert target.password not in told_everywhere
    for path in home.rglob("*"):
        if path.is_file():
            assert target.password.encode() not in path.read_bytes(), path
