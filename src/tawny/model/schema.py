"""JSON Schemas and a page of every event type, made from the classes of the contract."""

from __future__ import annotations

import inspect
import typing

import msgspec

from tawny.model.events import DATA_TYPES, EVENT_CLASSES, EventData
from tawny.model.explanation import describe

_RULES = {
    "time": {"format": "date-time", "description": "RFC 3339 with offset; kept to the millisecond"}
}


def json_schema() -> dict[str, object]:
    """A JSON Schema (2020-12) that every legal event keeps; one definition for each type."""
    schemas, components = msgspec.json.schema_components(
        list(EVENT_CLASSES.values()), ref_template="#/$defs/{name}"
    )
    for schema in components.values():
        time_property = schema.get("properties", {}).get("time")
        if time_property is not None:
            time_property.update(_RULES["time"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tawny event",
        "oneOf": list(schemas),
        "$defs": dict(sorted(components.items())),
    }


def summary(data: type[EventData]) -> str:
    """What an event type means, from its docstring, as one line."""
    return " ".join((inspect.getdoc(data) or "").split())


def fields(data: type[EventData]) -> list[tuple[str, bool, str]]:
    """Name, whether it is required, and what is allowed, of each field of a type."""
    hints = typing.get_type_hints(data, include_extras=True)
    required = set(data.__struct_fields__) - set(_optional(data))
    return [(name, name in required, str(describe(hints[name]))) for name in data.__struct_fields__]


def _optional(data: type[EventData]) -> tuple[str, ...]:
    defaults = len(data.__struct_defaults__)
    return data.__struct_fields__[len(data.__struct_fields__) - defaults :] if defaults else ()


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
