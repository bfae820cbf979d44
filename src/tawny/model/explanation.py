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
from tawny.text import Text, joined

_LONGEST_SHOWN = 80

ONE_OBJECT = Text("one JSON object a line")
_EXAMPLE = '{"specversion": "1.0", "source": …, "id": …, "type": …, "time": …, "data": {…}}'


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused event. `number` is its line (from 1) or its index (from 0)."""

    number: int
    field: str
    found: Text | str
    """What stood there, shortened; or in words what it is."""
    allowed: Text | str

    @property
    def text(self) -> Text:
        """The refusal as a sentence."""
        return Text("{field}: found {found}; allowed {allowed}",
                    field=self.field, found=self.found, allowed=self.allowed)  # fmt: skip

    def __str__(self) -> str:
        return str(self.text)


def check_no_nul(event: Envelope) -> None:
    """Raise `RuleError` when an id of the event holds a NUL character."""
    for name in ("source", "id"):
        if "\0" in getattr(event, name):
            raise RuleError(name, getattr(event, name), Text("any characters but NUL"))
    for name in event.data.__struct_fields__:
        value = getattr(event.data, name)
        is_id = name.endswith("_id") or name == "medium"
        if is_id and isinstance(value, str) and "\0" in value:
            raise RuleError(name, value, Text("any characters but NUL"))


def explain(number: int, line: bytes, error: Exception) -> Refusal:
    """The refusal of one line, given what the validator said of it."""
    if isinstance(error, UnicodeDecodeError):
        return Refusal(number, "event", Text("bytes that are not UTF-8"), Text("UTF-8 text"))
    if isinstance(error, RuleError):  # raised outside the decoder
        prefix = "" if error.field in ("source", "id") else "data."
        return Refusal(number, prefix + error.field, shown(error.found), error.allowed)
    if isinstance(error, RecursionError):
        return Refusal(number, "event", Text("JSON nested too deeply"), ONE_OBJECT)
    if not isinstance(error, msgspec.ValidationError):
        lone = "surrogate" in str(error) or "utf-16" in str(error)
        what = Text("half of a surrogate pair in a text") if lone else _not_json(line)
        return Refusal(number, "event", what, Text("one JSON object a line, such as {example}",
                                               example=_EXAMPLE))  # fmt: skip
    try:
        value = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Refusal(number, "event", _not_json(line), ONE_OBJECT)
    if not isinstance(value, dict):
        return Refusal(number, "event", shown(value), Text("a JSON object"))
    unknown = _unknown_type(number, value)
    if unknown is not None:
        return unknown
    cause = error.__cause__
    if isinstance(cause, RuleError):
        return Refusal(number, "data." + cause.field, shown(cause.found), cause.allowed)
    return _by_path(number, value, str(error))


def _not_json(line: bytes) -> Text:
    found = shown(line.decode("utf-8", "replace"))
    if not line.lstrip().startswith(b"{"):
        return Text("text that is not a JSON object: {found}", found=found)
    return Text("broken JSON: {found}", found=found)


def _unknown_type(number: int, value: dict[str, object]) -> Refusal | None:
    if "type" not in value:
        return Refusal(
            number, "type", Text("nothing"), Text("an event type such as message.created")
        )
    found = value["type"]
    if isinstance(found, str) and found in EVENT_TYPES:
        return None
    close = difflib.get_close_matches(str(found).lower(), EVENT_TYPES, n=1, cutoff=0.0)
    allowed = Text("the types of the event contract; the closest is {closest}", closest=close[0])
    return Refusal(number, "type", shown(found), allowed)


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
    if present and isinstance(found, str) and len(found) > 256 and "256" in str(allowed):
        return Refusal(number, field, Text("{count} characters", count=len(found)), allowed)
    return Refusal(number, field, shown(found) if present else Text("nothing"), allowed)


def _allowed(event_class: type[Envelope], steps: list[str]) -> Text | str:
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


def describe(kind: object) -> Text | str:
    """A declared type in words: `a text of 1 to 256 characters`, `inbound, outbound`."""
    origin = typing.get_origin(kind)
    args = typing.get_args(kind)
    if origin is typing.Union or origin is types.UnionType:
        parts = [describe(part) for part in args if part is not type(None)]
        return joined(" or ", [*parts, "null"] if type(None) in args else parts)
    if origin is typing.Annotated:
        if args[0] is int:
            return Text("an integer from 1 to 5")
        return Text("a text of 1 to 256 characters")
    if origin is typing.Literal:
        names = [json.dumps(arg) if arg == "1.0" else str(arg) for arg in args]
        return ", ".join(names)
    if origin is list:
        if args[0] is str:
            return Text("a list of dates YYYY-MM-DD")
        return Text("a list of windows")
    if origin is tuple:
        return '["HH:MM", "HH:MM"]'
    if kind is str:
        return Text("a text")
    if kind is BusinessHours:
        return Text("an object with time_zone, weekly and holidays")
    if kind is Weekly:
        return Text("an object with the days mon, tue, wed, thu, fri, sat, sun")
    return Text("a JSON object")


def shown(value: object) -> Text | str:
    """A found value as JSON, shortened to a line a person can read."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > _LONGEST_SHOWN:
        return Text("{start}… ({count} characters)", start=text[:_LONGEST_SHOWN], count=len(text))
    return text
