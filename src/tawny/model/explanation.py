"""Why an event is refused, in words: the field, what was found, what is allowed.

The validator has already decided; this module only describes. It is slow and thorough, and runs
for refused events alone.
"""

from __future__ import annotations

import difflib
import json
import re
import types
import typing
from dataclasses import dataclass

import msgspec

from tawny.model.events import (
    EVENT_CLASSES,
    EVENT_TYPES,
    BusinessHours,
    Envelope,
    RuleError,
    Weekly,
)

_LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused event. `number` is its line (from 1) or its index (from 0)."""

    number: int
    field: str
    found: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.field}: found {self.found}; allowed {self.allowed}"


def check_no_nul(event: Envelope) -> None:
    """Raise `RuleError` when an id of the event holds a NUL character."""
    for name in ("source", "id"):
        if "\0" in getattr(event, name):
            raise RuleError(name, getattr(event, name), "any characters but NUL")
    for name in event.data.__struct_fields__:
        value = getattr(event.data, name)
        is_id = name.endswith("_id") or name == "medium"
        if is_id and isinstance(value, str) and "\0" in value:
            raise RuleError(name, value, "any characters but NUL")


def explain(number: int, line: bytes, error: Exception) -> Refusal:
    """The refusal of one line, given what the validator said of it."""
    if isinstance(error, UnicodeDecodeError):
        return Refusal(number, "event", "bytes that are not UTF-8", "UTF-8 text")
    if isinstance(error, RuleError):  # raised outside the decoder
        prefix = "" if error.field in ("source", "id") else "data."
        return Refusal(number, prefix + error.field, shown(error.found), error.allowed)
    if isinstance(error, RecursionError):
        return Refusal(number, "event", "JSON nested too deeply", "one JSON object a line")
    if not isinstance(error, msgspec.ValidationError):
        lone = "surrogate" in str(error) or "utf-16" in str(error)
        what = "half of a surrogate pair in a text" if lone else _not_json(line)
        return Refusal(number, "event", what, "one JSON object a line, such as "
                       '{"specversion": "1.0", "source": …, "id": …, "type": …, "time": …, '
                       '"data": {…}}')  # fmt: skip
    try:
        value = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Refusal(number, "event", _not_json(line), "one JSON object a line")
    if not isinstance(value, dict):
        return Refusal(number, "event", shown(value), "a JSON object")
    unknown = _unknown_type(number, value)
    if unknown is not None:
        return unknown
    cause = error.__cause__
    if isinstance(cause, RuleError):
        return Refusal(number, "data." + cause.field, shown(cause.found), cause.allowed)
    return _by_path(number, value, str(error))


def _not_json(line: bytes) -> str:
    if not line.lstrip().startswith(b"{"):
        return "text that is not a JSON object: " + shown(line.decode("utf-8", "replace"))
    return "broken JSON: " + shown(line.decode("utf-8", "replace"))


def _unknown_type(number: int, value: dict[str, object]) -> Refusal | None:
    if "type" not in value:
        return Refusal(number, "type", "nothing", "an event type such as message.created")
    found = value["type"]
    if isinstance(found, str) and found in EVENT_TYPES:
        return None
    close = difflib.get_close_matches(str(found).lower(), EVENT_TYPES, n=1, cutoff=0.0)
    return Refusal(
        number, "type", shown(found), f"the types of the event contract; the closest is {close[0]}"
    )


def _by_path(number: int, value: dict[str, object], message: str) -> Refusal:
    """Follow the path in the decoder's message through the value and the declared types."""
    text, _, path_text = message.partition(" - at `$")
    steps = [
        int(index) if index else name
        for name, index in re.findall(r"\.?([A-Za-z_]+)|\[(\d+)\]", path_text.rstrip("`"))
    ]
    missing = re.match(r"Object missing required field `(\w+)`", text)
    if missing:
        steps.append(missing.group(1))
    found: object = value
    present = True
    for step in steps:
        if (isinstance(found, dict) and step in found) or (
            isinstance(found, list) and isinstance(step, int) and step < len(found)
        ):
            found = found[step]
        else:
            present = False
            break
    event_class = EVENT_CLASSES[str(value["type"])]
    field = ".".join(str(step) for step in steps if isinstance(step, str)) or "event"
    allowed = _allowed(event_class, [step for step in steps if isinstance(step, str)])
    if present and isinstance(found, str) and len(found) > 256 and "256" in allowed:
        return Refusal(number, field, f"{len(found)} characters", allowed)
    return Refusal(number, field, shown(found) if present else "nothing", allowed)


def _allowed(event_class: type[Envelope], steps: list[str]) -> str:
    """What the field at that path may hold, in words, from its declared type."""
    kind: object = event_class
    for step in steps:
        hints = typing.get_type_hints(_struct_of(kind), include_extras=True)
        if event_class is kind and step == "data":
            kind = EVENT_TYPES[event_class.__struct_config__.tag]  # type: ignore[index]
            continue
        if step not in hints:
            break
        kind = hints[step]
    return describe(kind)


def _struct_of(kind: object) -> type:
    for part in typing.get_args(kind) or (kind,):
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            return part
    return typing.cast(type, kind)


def describe(kind: object) -> str:
    """A declared type in words: `a text of 1 to 256 characters`, `inbound, outbound`."""
    origin = typing.get_origin(kind)
    args = typing.get_args(kind)
    if origin is typing.Union or origin is types.UnionType:
        parts = [describe(part) for part in args if part is not type(None)]
        return " or ".join([*parts, "null"] if type(None) in args else parts)
    if origin is typing.Annotated:
        return "an integer from 1 to 5" if args[0] is int else "a text of 1 to 256 characters"
    if origin is typing.Literal:
        names = [json.dumps(arg) if arg == "1.0" else str(arg) for arg in args]
        return ", ".join(names)
    if origin is list:
        return "a list of dates YYYY-MM-DD" if args[0] is str else "a list of windows"
    if origin is tuple:
        return '["HH:MM", "HH:MM"]'
    if kind is str:
        return "a text"
    if kind is BusinessHours:
        return "an object with time_zone, weekly and holidays"
    if kind is Weekly:
        return "an object with the days mon, tue, wed, thu, fri, sat, sun"
    return "a JSON object"


def shown(value: object) -> str:
    """A found value as JSON, shortened to a line a person can read."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > _LONGEST_SHOWN:
        return f"{text[:_LONGEST_SHOWN]}… ({len(text)} characters)"
    return text
