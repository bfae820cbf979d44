"""JSON Schemas and a page of every event type, made from the classes of the contract."""

from __future__ import annotations

import inspect
import typing
from typing import Any

import msgspec

from tawny.model.event_data import EventData
from tawny.model.event_types.conversation import CAUSES
from tawny.model.event_types.message import OUTBOUND_TYPES
from tawny.model.events import DATA_TYPES, EVENT_CLASSES, EVENT_TYPES
from tawny.model.refusals import describe

Schema = dict[str, Any]

SCHEMA_ID = "urn:tawny:event"
"""The name of the schema, wherever a copy of it lies."""

_TIME: Schema = {
    "format": "date-time",
    "description": "RFC 3339 with offset; kept to the millisecond",
}
_NO_NUL = "^[^\\u0000]*$"
_MEDIUM = "^[^A-Z\\u0000]*$"
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"


def json_schema(definitions: str = "#/$defs/") -> Schema:
    """A JSON Schema (2020-12) that every legal event keeps: one definition for each type, chosen by
    `type`, so that a validator names what is wrong with an event of that type and nothing else.

    What it cannot say: that a time zone is one, that a window ends after it starts, that an id
    holds no half of a surrogate pair. `definitions` is the place that references lead to.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **_chosen_by_type(definitions),
        "$defs": schema_definitions(definitions),
    }


def _chosen_by_type(definitions: str) -> Schema:
    """An event of any type, by reference to the definition of its type."""
    return {
        "title": "Event",
        "description": "A CloudEvents 1.0 object of one of the types of the event contract.",
        "type": "object",
        "properties": {"type": {"type": "string", "enum": list(EVENT_TYPES)}},
        "required": ["type"],
        "allOf": [
            _when("type", name, {"$ref": f"{definitions}{event_class.__name__}"})
            for name, event_class in EVENT_CLASSES.items()
        ],
    }


def discriminated_schema(definitions: str) -> Schema:
    """The same in the words of OpenAPI, which chooses among schemas by a discriminator."""
    places = {name: f"{definitions}{kind.__name__}" for name, kind in EVENT_CLASSES.items()}
    return {
        "title": "Event",
        "description": "A CloudEvents 1.0 object of one of the types of the event contract.",
        "oneOf": [{"$ref": place} for place in places.values()],
        "discriminator": {"propertyName": "type", "mapping": places},
    }


def schema_definitions(definitions: str) -> dict[str, Schema]:
    """The whole event of each type, its data, and what they are made of, by name."""
    _, components = msgspec.json.schema_components(
        list(EVENT_CLASSES.values()), ref_template=definitions + "{name}"
    )
    found: dict[str, Schema] = {}
    for name, schema in sorted(components.items()):
        found[name] = _with_constants(schema)
        for field, kind in found[name]["properties"].items():
            if field == "time" or (name, field) == ("SourceWatermark", "until"):
                kind.update(_TIME)
            _say_what_ids_hold(field, kind)
    found["ConversationStatusChanged"]["allOf"] = [
        _when("status", status, {"properties": {"cause": {"enum": list(causes)}}})
        for status, causes in CAUSES.items()
    ]
    found["MessageCreated"]["allOf"] = [
        _when(
            "direction",
            "outbound",
            {
                "properties": {"outbound_type": {"enum": list(OUTBOUND_TYPES)}},
                "required": ["outbound_type"],
            },
        ),
        _when("direction", "inbound", {"properties": {"outbound_type": {"type": "null"}}}),
    ]
    start, end = f"^{_CLOCK}$", f"^({_CLOCK}|24:00)$"
    window: Schema = {
        "type": "array",
        "prefixItems": [
            {"type": "string", "pattern": start},
            {"type": "string", "pattern": end},
        ],
        "minItems": 2,
        "maxItems": 2,
    }
    for day in found["Weekly"]["properties"].values():
        day["anyOf"][0]["items"] = window
    holidays = found["BusinessHours"]["properties"]["holidays"]["anyOf"][0]
    holidays["items"] = {"type": "string", "format": "date"}
    return found


def _when(field: str, value: str, then: Schema) -> Schema:
    """A rule for objects with that value in that field."""
    return {"if": {"properties": {field: {"const": value}}, "required": [field]}, "then": then}


def _with_constants(schema: Any) -> Any:
    """The same with `const` for an enumeration of one value, and texts on one line."""
    if isinstance(schema, list):
        return [_with_constants(one) for one in schema]
    if isinstance(schema, str):
        return " ".join(schema.split())
    if not isinstance(schema, dict):
        return schema
    made = {name: _with_constants(one) for name, one in schema.items()}
    if isinstance(values := made.get("enum"), list) and len(values) == 1:
        del made["enum"]
        made = {"const": values[0], **made}
    return made


def _say_what_ids_hold(field: str, kind: Schema) -> None:
    """No id holds a NUL, and a medium no capital letter either."""
    if kind.get("description") == "id":
        del kind["description"]
        kind["pattern"] = _MEDIUM if field == "medium" else _NO_NUL
    inner = [*kind.get("anyOf", ()), kind.get("items")]
    for one in inner:
        if isinstance(one, dict):
            _say_what_ids_hold(field, one)


def summary(data: type[EventData]) -> str:
    """What an event type means, from its docstring, as one line."""
    return " ".join((inspect.getdoc(data) or "").split())


def fields(data: type[EventData]) -> list[tuple[str, bool, str]]:
    """Name, whether it is required, and what is allowed, of each field of a type."""
    hints = typing.get_type_hints(data, include_extras=True)
    return [
        (field.name, field.required, str(describe(hints[field.name])))
        for field in msgspec.structs.fields(data)
    ]


def markdown() -> str:
    """The page of the documentation that lists every event type with its fields."""
    parts = []
    for data in DATA_TYPES:
        parts.append(f"### `{data.event_type}`\n\n{summary(data)}\n")
        rows = ["| field | required | allowed |", "| --- | --- | --- |"]
        rows += [
            f"| `{name}` | {'yes' if required else 'no'} | {allowed} |"
            for name, required, allowed in fields(data)
        ]
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)
