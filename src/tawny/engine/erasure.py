"""Which files of the log hold an erased person, and the same files without the person."""

from __future__ import annotations

from tawny.engine.duck import Duck
from tawny.engine.log_files import columns_of, row_bytes, write_months
from tawny.engine.schema_evolution import events_of
from tawny.log.files import LogFile, Snapshot
from tawny.model.layout import family_schema

PERSONAL_COLUMNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "contact": (
        "contact_id IN (SELECT contact_id FROM erased_people)",
        ("primary_identifier", "secondary_identifier", "name", "value"),
    ),
    "conversation": (
        "conversation_id IN (SELECT conversation_id FROM erased_conversations)",
        ("url",),
    ),
    "status": (
        "conversation_id IN (SELECT conversation_id FROM erased_conversations)",
        ("comment",),
    ),
    "message": (
        "conversation_id IN (SELECT conversation_id FROM erased_conversations)",
        ("content", "post_url"),
    ),
    "message_change": (
        "conversation_id IN (SELECT conversation_id FROM erased_conversations)",
        ("content",),
    ),
    "survey": (
        "conversation_id IN (SELECT conversation_id FROM erased_conversations)",
        ("follow_up_question", "follow_up_response"),
    ),
}
"""By family: whose rows they are, and the columns that hold the person (docs/log.md, erased
contacts)."""


def create_erased_tables(duck: Duck, snapshot: Snapshot) -> int:
    """Create `erased_people (contact_id)` and `erased_conversations (conversation_id)`, those whose
    first creation names one of them; returns how many people were erased."""
    contacts = _read(snapshot, "contact")
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE erased_people AS "
        f"SELECT DISTINCT contact_id FROM {contacts} WHERE type = 'contact.erased'"
    )
    create_conversations_of_erased(duck, snapshot)
    return int(str(duck.rows("SELECT count(*) FROM erased_people")[0][0]))


def create_conversations_of_erased(duck: Duck, snapshot: Snapshot) -> None:
    """Create `erased_conversations (conversation_id)` of the people in `erased_people`."""
    created = _read(snapshot, "conversation")
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE erased_conversations AS SELECT conversation_id FROM ("
        "SELECT conversation_id, contact_id, row_number() OVER (PARTITION BY conversation_id "
        "ORDER BY time, coalesce(sequence, ''), source, id) AS nth "
        f"FROM {created} WHERE type = 'conversation.created') AS creations "
        "WHERE nth = 1 AND contact_id IN (SELECT contact_id FROM erased_people)"
    )


def create_newly_erased(duck: Duck, snapshot: Snapshot, version: int) -> int:
    """Create `newly_erased (contact_id)`, the people whose erasure arrived after a version of the
    log; returns how many. An export of that version may hold them, a later one does not."""
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE newly_erased AS SELECT DISTINCT contact_id "
        f"FROM {_read(snapshot, 'contact')} "
        f"WHERE type = 'contact.erased' AND log_version > {int(version)}"
    )
    return int(str(duck.rows("SELECT count(*) FROM newly_erased")[0][0]))


def newest_erasure(duck: Duck, snapshot: Snapshot) -> int:
    """The version of the log with which an erasure arrived last; -1 without one."""
    found = duck.rows(
        f"SELECT coalesce(max(log_version), -1) FROM {_read(snapshot, 'contact')} "
        "WHERE type = 'contact.erased'"
    )
    return int(str(found[0][0]))


def newly_erased_between(
    duck: Duck, snapshot: Snapshot, from_ms: int | None, to_ms: int | None
) -> bool:
    """Whether anything happened to conversations of `newly_erased` in `[from_ms, to_ms)`."""
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE newly_erased_conversations AS "
        f"SELECT DISTINCT conversation_id FROM {_read(snapshot, 'conversation')} "
        "WHERE type = 'conversation.created' "
        "AND contact_id IN (SELECT contact_id FROM newly_erased)"
    )
    bounds = ""
    if from_ms is not None and to_ms is not None:
        bounds = f" AND epoch_ms(time) >= {int(from_ms)} AND epoch_ms(time) < {int(to_ms)}"
    return any(
        duck.rows(
            f"SELECT count(*) > 0 FROM {_read(snapshot, family)} WHERE conversation_id IN "
            f"(SELECT conversation_id FROM newly_erased_conversations){bounds}"
        )
        == [(True,)]
        for family in ("message", "conversation")
    )


def create_erased_since(duck: Duck, snapshot: Snapshot, version: int) -> int | None:
    """Create `erased_since (conversation_id)`, the conversations of people whose erasure arrived
    after a version of the log; returns the version with which the first event of them that creates
    one arrived, None without any."""
    create_newly_erased(duck, snapshot, version)
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE erased_since AS "
        "SELECT conversation_id, min(log_version) AS log_version "
        f"FROM {_read(snapshot, 'conversation')} WHERE type = 'conversation.created' "
        "AND contact_id IN (SELECT contact_id FROM newly_erased) GROUP BY conversation_id"
    )
    [[first]] = duck.rows("SELECT min(log_version) FROM erased_since")
    return None if first is None else int(str(first))


def erasures_of(
    duck: Duck, snapshot: Snapshot, version: int, conversations: str
) -> list[tuple[object, ...]]:
    """The erasures that arrived after a version of the log, of people of the conversations in a
    table: `source`, `id`, `type` and time in milliseconds, in the order in which they came."""
    create_erased_since(duck, snapshot, version)
    return duck.rows(
        "SELECT source, id, type, epoch_ms(time) AS time_ms "
        f"FROM {_read(snapshot, 'contact')} AS events WHERE type = 'contact.erased' "
        f"AND log_version > {int(version)} AND contact_id IN (SELECT contact_id "
        f"FROM {_read(snapshot, 'conversation')} AS creations WHERE conversation_id IN "
        f"(SELECT conversation_id FROM {conversations})) "
        "ORDER BY log_version, time_ms, source, id"
    )


def files_with_person(duck: Duck, snapshot: Snapshot, since_version: int = -1) -> list[LogFile]:
    """The files in which a personal column of an erased person still holds something; of the events
    that arrived after a version only, where one is given."""
    found: list[LogFile] = []
    for family, (condition, columns) in PERSONAL_COLUMNS.items():
        paths = snapshot.paths(family)
        if not paths:
            continue
        holds = " OR ".join(f"{column} IS NOT NULL" for column in columns)
        names = {
            str(row[0])
            for row in duck.rows(
                "SELECT DISTINCT filename FROM "
                f"{events_of(snapshot, family, paths, 'filename = true')} "
                f"WHERE log_version > {int(since_version)} AND ({holds}) AND {condition}"
            )
        }
        found += [file for file in snapshot.files if str(snapshot.folder / file.path) in names]
    return found


def write_purged(duck: Duck, snapshot: Snapshot, file: LogFile) -> list[LogFile]:
    """Write a file again with the personal columns of erased people emptied."""
    condition, personal = PERSONAL_COLUMNS[file.family]
    paths = [str(snapshot.folder / file.path)]
    events = events_of(snapshot, file.family, paths)
    columns = ", ".join(
        f"CASE WHEN {condition} THEN NULL ELSE {name} END AS {name}" if name in personal else name
        for name in [*family_schema(file.family).names, "log_version"]
    )
    duck.execute(
        f"CREATE OR REPLACE TEMP TABLE purged AS SELECT {columns}, "
        f"strftime(time, '%Y-%m') AS month FROM {events}"
    )
    try:
        return write_months(
            duck,
            snapshot.folder,
            file.family,
            "purged",
            "log_version",
            row_bytes(duck, paths),
            columns_of(paths[0]),
        )
    finally:
        duck.execute("DROP TABLE purged")


def _read(snapshot: Snapshot, family: str) -> str:
    paths = snapshot.paths(family)
    if not paths:
        names = [*family_schema(family).names, "log_version"]
        columns = ", ".join(f"NULL AS {name}" for name in names)
        return f"(SELECT {columns} WHERE false)"
    return events_of(snapshot, family, paths)
