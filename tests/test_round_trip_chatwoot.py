"""A simulated centre written into a Chatwoot database and read back gives the exports that its
events gave, cell by cell; the columns that the desk cannot hold are those that `check` lists."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chatwoot_centre import ChatwootCentre, lines
from chatwoot_desk import TABLES, URL, ChatwootDesk
from commands import ingest, tawny
from postgres import cluster
from tawny.queries.catalogue import EXPORT_TYPES
from tawny.sample import SampleRequest, sample_blocks

START, END = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 5, 15, tzinfo=UTC)
CONVERSATIONS = 200

Rows = dict[tuple[str, ...], dict[str, str]]
Exports = Mapping[str, Rows]


@pytest.fixture(scope="module")
def centre() -> ChatwootCentre:
    request = SampleRequest(CONVERSATIONS, START, END, seed=7)
    events = [json.loads(one) for block in sample_blocks(request) for one in block.splitlines()]
    return ChatwootCentre(events)


@pytest.fixture(scope="module")
def desk_home(centre: ChatwootCentre, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A log that a sync of the desk has filled."""
    home = tmp_path_factory.mktemp("desk") / "home"
    with cluster() as running, pytest.MonkeyPatch.context() as patch:
        desk = ChatwootDesk(running.new_database())
        desk.sql(TABLES)
        centre.write(desk)
        patch.setenv("CHATWOOT_DATABASE_URL", desk.address)
        added = tawny(
            home, "sources", "add", "chatwoot", "desk", "--url", URL, "--account", "1",
            "--database-url", "env:CHATWOOT_DATABASE_URL",
        )  # fmt: skip
        assert (added.status, added.err) == (0, "")
        synced = tawny(home, "sources", "sync", "desk")
        assert (synced.status, synced.err) == (0, "")
        yield home


def exports(home: Path) -> Exports:
    """The rows of all exports by their keys; cells by the keys of their columns."""
    folder = home.parent / "files"
    made = tawny(
        home, "export", "all", "--from", "2026-03-02", "--to", "2026-04-01", "--as-of",
        "2026-04-01T00:00:00Z", "--headers", "key", "-o", str(folder),
    )  # fmt: skip
    assert made.status == 0, made
    found: dict[str, Rows] = {}
    for name in EXPORT_TYPES:
        [path] = folder.glob(f"{name}*.csv")
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        found[name] = {}
        for row in rows:
            key = tuple(row[one] for one in ROW_KEYS[name])
            assert key not in found[name], (name, key)
            found[name][key] = row
    return found


ROW_KEYS = {
    "resolved-conversations": ("conversation_id",),
    "open-conversations": ("conversation_id",),
    "messages": ("message_id",),
    "teams": ("team_id",),
    "contacts": ("contact_profile_id",),
    "topics": ("topic_id", "medium", "channel"),
    "tags": ("tag_id", "medium", "channel"),
    "user-presence": ("user_id", "from"),
    "users": ("user_id",),
    "response-times": ("outbound_message_id",),
    "virtual-agents": ("agent_id", "medium", "channel"),
    "contact-attributes": ("contact_profile_id", "attribute_id"),
}


def of_events(home: Path, events: bytes) -> Exports:
    ingest(home, events)
    return exports(home)


def differences(one: Exports, other: Exports) -> set[str]:
    """Exports of which one has no row, and columns with other cells in the same row."""
    found = set()
    for name, rows in one.items():
        if bool(rows) != bool(other[name]):
            found.add(name)
        found |= {
            f"{name}.{column}"
            for key in rows.keys() & other[name].keys()
            for column, cell in rows[key].items()
            if cell != other[name][key][column]
        }
    return found


def test_every_cell_comes_back(centre: ChatwootCentre, desk_home: Path, tmp_path: Path) -> None:
    wanted, found = of_events(tmp_path / "home", lines(centre.carried)), exports(desk_home)
    assert sum(map(len, wanted.values())) > 2_000
    for name, rows in wanted.items():
        assert list(found[name]) == list(rows), name
        for key, row in rows.items():
            assert found[name][key] == row, (name, key)


def test_what_the_desk_cannot_hold_is_what_check_lists(
    centre: ChatwootCentre, desk_home: Path, tmp_path: Path
) -> None:
    checked = tawny(desk_home, "sources", "check", "desk", "--json")
    listed = {one for row in json.loads(checked.out)["not_measured"] for one in row["columns"]}
    whole = of_events(tmp_path / "home", lines(centre.whole))
    lost = differences(whole, exports(desk_home))
    # What is not told of a conversation is not its last event either.
    assert {one for one in lost if not one.endswith(".last_updated")} == listed
