"""`tawny columns`: what tells the rows of each export apart, as the contract names it."""

import json
from pathlib import Path

import pytest

from commands import tawny

KEYS = {
    "resolved-conversations": ["conversation_id"],
    "open-conversations": ["conversation_id"],
    "messages": ["message_id"],
    "teams": ["team_id"],
    "contacts": ["contact_profile_id"],
    "topics": ["topic_id", "channel_id"],
    "tags": ["tag_id", "channel_id"],
    "user-presence": ["user_id", "from", "n"],
    "users": ["user_id"],
    "response-times": ["outbound_message_id"],
    "virtual-agents": ["agent_id", "channel_id"],
    "contact-attributes": ["contact_profile_id", "attribute_id"],
}


@pytest.mark.parametrize("kind", KEYS)
def test_the_row_key_is_told_to_programs(kind: str, tmp_path: Path) -> None:
    told = tawny(tmp_path, "columns", kind, "--format", "json")
    assert (told.status, json.loads(told.out)["row_key"]) == (0, KEYS[kind])


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (("teams",), "Row key: team_id."),
        (("contact-attributes",), "Row key: contact_profile_id, attribute_id."),
        (("tags",), "Row key: tag_id, channel_id (channel_id is no cell of the file)."),
        (
            ("user-presence", "--language", "fr"),
            "Clé de ligne : user_id, from, n (n n’est pas une cellule du fichier).",
        ),
        (
            ("topics", "--format", "markdown"),
            "Row key: `topic_id`, `channel_id` (`channel_id` is no cell of the file).",
        ),
    ],
)
def test_the_row_key_is_told_to_people(call: tuple[str, ...], line: str, tmp_path: Path) -> None:
    told = tawny(tmp_path, "columns", *call)
    assert told.status == 0
    assert line in told.out.splitlines()
