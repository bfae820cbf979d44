"""What the log says of one contact: the texts that an erasure takes out of it."""

from __future__ import annotations

from dataclasses import dataclass

from tawny.engine.duck import Duck
from tawny.engine.erasure import PERSONAL_COLUMNS, create_conversations_of_erased
from tawny.engine.schema_evolution import events_of
from tawny.log.files import Snapshot


@dataclass(frozen=True, slots=True)
class ContactTexts:
    """What the log holds of a contact."""

    events: int
    """Events about the contact and those of its conversations, in the families with texts."""
    conversations: int
    texts: frozenset[str]
    """Everything that is to go: identifiers, names and values of attributes, contents, addresses,
    comments, follow-up texts."""


def texts_of_contact(duck: Duck, snapshot: Snapshot, contact_id: str) -> ContactTexts:
    """Read all texts of a contact; no events where the log knows nothing of it."""
    conversations = _create_tables_of(duck, snapshot, contact_id)
    events, texts = 0, set[str]()
    for family, (condition, columns) in PERSONAL_COLUMNS.items():
        paths = snapshot.paths(family)
        if not paths:
            continue
        of_contact = f"FROM {events_of(snapshot, family, paths)} WHERE {condition}"
        [[count]] = duck.rows(f"SELECT count(*) {of_contact}")
        events += int(str(count))
        for column in columns:
            rows = duck.rows(
                f"SELECT DISTINCT {column} AS text {of_contact} AND {column} IS NOT NULL"
            )
            texts |= {str(row[0]) for row in rows}
    return ContactTexts(events, conversations, frozenset(texts))


def is_known(duck: Duck, snapshot: Snapshot, contact_id: str) -> bool:
    """Whether the log holds anything of a contact; no text is read."""
    return _create_tables_of(duck, snapshot, contact_id) > 0 or _events_of_contact(
        duck, snapshot, contact_id, "true"
    )


def _create_tables_of(duck: Duck, snapshot: Snapshot, contact_id: str) -> int:
    """Create `erased_people` and `erased_conversations` of this contact alone; returns how many
    conversations it has."""
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE erased_people AS SELECT $contact_id AS contact_id",
        {"contact_id": contact_id},
    )
    create_conversations_of_erased(duck, snapshot)
    [[conversations]] = duck.rows("SELECT count(*) FROM erased_conversations")
    return int(str(conversations))


def is_erased(duck: Duck, snapshot: Snapshot, contact_id: str) -> bool:
    """Whether the log holds an erasure of a contact."""
    return _events_of_contact(duck, snapshot, contact_id, "type = 'contact.erased'")


def _events_of_contact(duck: Duck, snapshot: Snapshot, contact_id: str, condition: str) -> bool:
    """Whether there are events about a contact itself that meet a condition."""
    paths = snapshot.paths("contact")
    if not paths:
        return False
    found = duck.rows(
        f"SELECT count(*) > 0 FROM {events_of(snapshot, 'contact', paths)} "
        f"WHERE contact_id = $contact_id AND {condition}",
        {"contact_id": contact_id},
    )
    return found == [(True,)]
