"""The JSON Schema of events says what the validator says, to somebody else's validator."""

import json
import random
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from commands import tawny
from effort import examples
from tawny.model.event_types.conversation import CAUSES
from tawny.model.events import EVENT_TYPES
from tawny.model.schema import json_schema
from test_validation import ACCEPTED, EVENT, REFUSED, event, message, status

Json = dict[str, Any]
VALIDATOR = jsonschema.Draft202012Validator(
    json_schema(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)

BEYOND_A_SCHEMA = (
    "allowed an IANA time zone",
    'found ["09:00", "09:00"]',
    'found ["17:00", "09:00"]',
    # Python's own `$` lets a line end pass.
    'found ["09:00\\n", "10:00"]',
)
"""Parts of the refusals of events that the schema lets pass."""


@pytest.mark.parametrize(("bad", "text"), REFUSED, ids=[text[:60] for _, text in REFUSED])
def test_what_is_refused_does_not_keep_the_schema(bad: Json, text: str) -> None:
    expected = any(part in text for part in BEYOND_A_SCHEMA)
    is_instant = text.startswith("data.until: found") and "a text" not in text
    assert VALIDATOR.is_valid(bad) == (expected or is_instant), text


@pytest.mark.parametrize("good", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_is_accepted_keeps_the_schema(good: Json) -> None:
    VALIDATOR.validate(good)


@settings(max_examples=examples(20))
@given(seed=st.integers(0, 2**32))
def test_every_legal_event_keeps_the_schema(seed: int) -> None:
    for one in generators.random_log(random.Random(seed), 60, strange=True):
        VALIDATOR.validate(one)


def errors(wrong: Json) -> list[str]:
    """Where an event does not keep the schema."""
    return ["/".join(map(str, error.absolute_path)) for error in VALIDATOR.iter_errors(wrong)]


def test_one_mistake_is_one_error() -> None:
    """Whatever the number of types."""
    assert errors(event("mesage.created")) == ["type"]
    assert errors(event(source="")) == ["source"]
    assert errors(message(message_id=3)) == ["data/message_id"]
    assert errors(message(outbound_type="agent")) == ["data/outbound_type"]
    assert errors(message(direction="outbound")) == ["data"]
    assert errors(EVENT | {"specversion": "0.3"}) == ["specversion"]


def test_causes_are_those_of_the_status() -> None:
    every = {cause for causes in CAUSES.values() for cause in causes}
    for status_, causes in CAUSES.items():
        for cause in every:
            expected = [] if cause in causes else ["data/cause"]
            assert errors(status(status_, cause)) == expected, (status_, cause)


def test_the_schema_is_named_and_has_the_types_by_name(tmp_path: Path) -> None:
    told = tawny(tmp_path, "events", "--schema")
    schema = json.loads(told.out)
    assert (told.status, schema["$id"]) == (0, "urn:tawny:event")
    assert schema["properties"]["type"]["enum"] == list(EVENT_TYPES)
    assert schema["$defs"]["MessageCreatedEvent"]["properties"]["type"] == {
        "const": "message.created"
    }
    assert schema["$defs"]["MessageCreatedEvent"]["properties"]["data"] == {
        "$ref": "#/$defs/MessageCreated"
    }
