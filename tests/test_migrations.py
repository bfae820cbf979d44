"""Migrations and tables give the same database, and a test holds what `HEAD` says."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tawny.errors import LogVersionError
from tawny.languages import translated
from tawny.model.refusals import Refusal
from tawny.people.groups import channels_given, set_groups
from tawny.runs.store import RunStore
from tawny.settings import Settings
from tawny.state.database import HEAD, open_database
from tawny.state.migrations import config
from tawny.state.refusals import RefusalStore
from tawny.state.tables import PURPOSES, metadata


def _schema(connection: sa.Connection) -> dict[str, object]:
    inspector = sa.inspect(connection)
    return {
        table: (
            [
                (c["name"], str(c["type"]), c["nullable"], c["default"])
                for c in inspector.get_columns(table)
            ],
            sorted(str(sorted(i.items(), key=str)) for i in inspector.get_indexes(table)),
            sorted(str(u["column_names"]) for u in inspector.get_unique_constraints(table)),
            sorted(str(f) for f in inspector.get_foreign_keys(table)),
            inspector.get_pk_constraint(table)["constrained_columns"],
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    migrated = open_database(tmp_path, Settings({}))
    made = sa.create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    metadata.create_all(made)
    with migrated.read() as one, made.connect() as other:
        assert _schema(one) == _schema(other)
        assert compare_metadata(MigrationContext.configure(one), metadata) == []


def test_head_is_the_newest_script(tmp_path: Path) -> None:
    with sa.create_engine("sqlite://").connect() as connection:
        scripts = ScriptDirectory.from_config(config(connection))
        assert scripts.get_heads() == [HEAD]


def test_every_table_has_a_purpose() -> None:
    assert sorted(PURPOSES) == sorted(metadata.tables)


def test_refusals_of_older_command_lines_are_kept(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "state.db")
    old.execute(
        "CREATE TABLE refusals (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms BIGINT NOT NULL, "
        "input TEXT NOT NULL, number BIGINT NOT NULL, field TEXT NOT NULL, found TEXT NOT NULL, "
        "allowed TEXT NOT NULL)"
    )
    old.execute("INSERT INTO refusals VALUES (7, 1, 'a', 2, 'time', 'x', 'y')")
    old.commit()
    old.close()
    store = RefusalStore(tmp_path, Settings({}))
    assert store.count() == 7
    store.add("b", [Refusal(1, "id", "", "text")])
    assert [kept.input for kept in store.newest(5)] == ["b", "a"]


def test_reading_refusals_creates_nothing(tmp_path: Path) -> None:
    home = tmp_path / "none"
    assert RefusalStore(home, Settings({})).count() == 0
    assert not home.exists()


def test_words_that_were_kept_in_english_stay_english(tmp_path: Path) -> None:
    """A run that failed and an event that was refused before texts were stored."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'state.db'}")
    with engine.begin() as connection:
        command.upgrade(config(connection), "0001")
        connection.execute(
            sa.text(
                "INSERT INTO runs (id, owner_id, owner, export_type, time_zone, channels, headers, "
                "format, dialect, kind, state, error, created_ms, version) VALUES ('a', 1, 'root', "
                "'teams', 'UTC', '[]', 'en', 'csv', 'machine', 'on-demand', 'failed', '{no}', 1, "
                "1)"
            )
        )
        connection.execute(
            sa.text("INSERT INTO refusals VALUES (7, :now, 'a', 2, 'time', 'x', 'y')"),
            {"now": time.time_ns() // 1_000_000},
        )
    engine.dispose()
    database = open_database(tmp_path, Settings({}))
    store = RunStore(database)
    run = store.find("a")
    assert run is not None and run.error is not None
    assert translated(run.error, "fr") == "{no}"
    [kept] = RefusalStore(tmp_path, Settings({}), database).newest(5)
    assert translated(kept.refusal.text, "fr").replace("\N{NO-BREAK SPACE}", " ") == (
        "time : x ; attendu : y"
    )


def test_channels_given_before_there_were_groups_stay(tmp_path: Path) -> None:
    """And a group adds to them, without a person being touched."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'state.db'}")
    with engine.begin() as connection:
        command.upgrade(config(connection), "0013")
        connection.execute(
            sa.text(
                "INSERT INTO users (id, name, display_name, password_hash, role, presence, "
                "disabled, created_ms) VALUES (7, 'sam', '', 'x', 'supervisor', 0, 0, 1)"
            )
        )
        connection.execute(sa.text("INSERT INTO user_channels VALUES (7, 'red')"))
    engine.dispose()
    database = open_database(tmp_path, Settings({}))
    with database.write() as connection:
        assert channels_given(connection, 7) == {"red"}
        connection.execute(sa.text("INSERT INTO channel_groups VALUES (1, 'North', 1)"))
        connection.execute(sa.text("INSERT INTO group_channels VALUES (1, 'red'), (1, 'blue')"))
        assert set_groups(connection, 7, ["North"]) == ["North"]
        assert channels_given(connection, 7) == {"red", "blue"}


def test_saved_exports_of_one_name_are_told_apart_by_their_owners(tmp_path: Path) -> None:
    """The oldest keeps the name; a name that is there already is not taken either."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'state.db'}")
    june = [(1, 1, "June"), (2, 2, "June"), (3, 3, "June"), (4, 3, "June (sam)")]
    saved = [*june, (5, 2, "x" * 255), (6, 3, "x" * 255)]
    with engine.begin() as connection:
        command.upgrade(config(connection), "0009")
        for number, name in (1, "root"), (2, "sam"), (3, "kim"):
            connection.execute(
                sa.text(
                    "INSERT INTO users (id, name, display_name, role, presence, disabled, "
                    "password_hash, created_ms) VALUES (:id, :name, '', 'administrator', true, "
                    "false, 'x', 1)"
                ),
                {"id": number, "name": name},
            )
        for number, owner, name in saved:
            connection.execute(
                sa.text(
                    "INSERT INTO saved_exports (id, user_id, name, period, shared, request, "
                    "created_ms) VALUES (:id, :owner, :name, 'today', false, '{}', 1)"
                ),
                {"id": number, "owner": owner, "name": name},
            )
    engine.dispose()
    database = open_database(tmp_path, Settings({}))
    with database.read() as connection:
        names = connection.execute(sa.text("SELECT name FROM saved_exports ORDER BY id"))
        assert list(names.scalars()) == [
            *("June", "June (sam 2)", "June (kim)", "June (sam)"),
            *("x" * 255, "x" * 249 + " (kim)"),
        ]


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    open_database(tmp_path, Settings({})).close()
    with sqlite3.connect(tmp_path / "state.db") as state:
        state.execute("UPDATE alembic_version SET version_num = '9999'")
    state.close()
    with pytest.raises(LogVersionError) as caught:
        open_database(tmp_path, Settings({}))
    assert str(caught.value) == (
        f"{tmp_path / 'state.db'}: found migration 9999, this Tawny reads up to {HEAD}; upgrade "
        "Tawny (pip install --upgrade tawny)"
    )
