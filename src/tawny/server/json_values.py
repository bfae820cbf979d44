"""JSON as the value a handler takes, and what is wrong with it in words of ours."""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import inspect

from tawny.errors import RequestError
from tawny.text import Text, joined

SECRET = {"format": "password", "writeOnly": True}
"""What the schema says of a field that is never shown, also when it is wrong."""

_LONGEST_SHOWN = 80
_MOST_NAMED = 30
_AN_OBJECT = Text("a JSON object")
_LISTS = (inspect.ListType, inspect.VarTupleType)
_WRAPPED = (inspect.Metadata, inspect.UnionType, *_LISTS)


class WrongValueError(RequestError):
    """One value of a request is not what it may be."""

    def __init__(self, field: str, found: Text | str, allowed: Text | str) -> None:
        super().__init__(
            "{field}: found {found}; allowed {allowed}", field=field, found=found, allowed=allowed
        )
        self.field = field
        self.message = Text("found {found}; allowed {allowed}", found=found, allowed=allowed)


def value(body: bytes, kind: Any) -> Any:
    """A JSON text as a value of a type. Raises `WrongValueError`."""
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong(_any_value(body), kind, str(error)) from None


def wrong_parameter(name: str, found: object, kind: Any) -> WrongValueError:
    """What is wrong with a parameter of a query, path or header; None = it is missing."""
    asked = _info(kind)
    # A parameter is left out where a body says null, and several are one after the other.
    while isinstance(asked, _WRAPPED):
        if isinstance(asked, inspect.UnionType):
            asked = _without_null(asked)[0]
        else:
            asked = asked.type if isinstance(asked, inspect.Metadata) else asked.item_type
    return WrongValueError(name, Text("nothing") if found is None else shown(found), allowed(asked))


def _any_value(body: bytes) -> Any:
    """A JSON text as a value of any type. Raises `WrongValueError`."""
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        found = Text("JSON nested too deeply")
    except UnicodeDecodeError:
        found = Text("bytes that are not UTF-8")
    except msgspec.DecodeError as error:
        at = re.search(r"\(byte (\d+)\)", str(error))
        if at is None:
            found = Text("JSON that ends in the middle")
        else:
            found = Text("text that is not JSON at byte {position}", position=int(at[1]) + 1)
    raise WrongValueError("body", found, _AN_OBJECT)


def shown(found: object) -> Text | str:
    """A found value as JSON, short enough for a line."""
    if isinstance(found, str) and len(found) > _LONGEST_SHOWN:
        return Text("{count} characters", count=len(found))
    if isinstance(found, dict):
        return Text("an object")
    if isinstance(found, list):
        return Text("a list of {count}", count=len(found))
    return json.dumps(found, ensure_ascii=False)[: 2 * _LONGEST_SHOWN]


def allowed(kind: inspect.Type) -> Text | str:
    """A type in words: `a text of 1 to 128 characters`, `csv, jsonl or null`."""
    if isinstance(kind, inspect.Metadata):
        return allowed(kind.type)
    if isinstance(kind, inspect.UnionType):
        parts = [allowed(part) for part in _without_null(kind)]
        return joined(" or ", [*parts, "null"] if len(parts) < len(kind.types) else parts)
    if isinstance(kind, inspect.StrType):
        return _text(kind)
    if isinstance(kind, inspect.LiteralType):
        return ", ".join(str(name) for name in kind.values)
    if isinstance(kind, inspect.EnumType):
        return ", ".join(str(member.value) for member in kind.cls)
    if isinstance(kind, inspect.IntType):
        return _whole_number(kind)
    if isinstance(kind, inspect.BoolType):
        return "true, false"
    if isinstance(kind, _LISTS):
        if kind.max_length is not None:
            return Text("a list of at most {most}, each of them {allowed}",
                        most=kind.max_length, allowed=allowed(kind.item_type))  # fmt: skip
        return Text("a list, each of them {allowed}", allowed=allowed(kind.item_type))
    return _AN_OBJECT


def _text(kind: inspect.StrType) -> Text:
    least, most = kind.min_length or 0, kind.max_length
    if most is None:
        return Text("a text")
    if kind.pattern is None and not least:
        return Text("a text of at most {most} characters", most=most)
    if kind.pattern is None:
        return Text("a text of {least} to {most} characters", least=least, most=most)
    if " " in kind.pattern or kind.pattern == r"\S":
        return Text("a text of {least} to {most} characters that is not blank",
                    least=least, most=most)  # fmt: skip
    return Text("a text of {least} to {most} characters without blanks", least=least, most=most)


def _whole_number(kind: inspect.IntType) -> Text:
    if kind.ge is not None and kind.le is not None:
        return Text("a whole number from {least} to {most}", least=kind.ge, most=kind.le)
    return Text("a whole number")


@functools.cache
def _info(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def _wrong(found: object, kind: Any, message: str) -> WrongValueError:
    """What is wrong, found by following the path of the decoder's message through the value and
    its type."""
    sentence, _, path = message.partition(" - at `$")
    steps = [
        int(index) if index else name
        for name, index in re.findall(r"\.([A-Za-z_]+)|\[(\d+)\]", path)
    ]
    here: inspect.Type = _info(kind)
    for step in steps:
        here = _below(here, step)
        if isinstance(found, dict) and isinstance(step, str):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
    names = [str(step) for step in steps]
    missing = re.match(r"Object missing required field `(\w+)`", sentence)
    if missing is not None:
        field = ".".join([*names, missing[1]])
        return WrongValueError(field, Text("nothing"), allowed(_below(here, missing[1])))
    struct = _struct(here)
    if struct is not None and isinstance(found, dict):
        unknown = _unknown(found, struct, names)
        if unknown is not None:
            return unknown
    schema = here.extra_json_schema if isinstance(here, inspect.Metadata) else None
    is_secret = (schema or {}).keys() >= SECRET.keys()
    told = Text("something else") if is_secret else shown(found)
    return WrongValueError(".".join(names) or "body", told, allowed(here))


def _unknown(
    found: dict[str, object], struct: inspect.StructType, place: Sequence[str]
) -> WrongValueError | None:
    known = [field.encode_name for field in struct.fields]
    unknown = next((name for name in found if name not in known), None)
    if unknown is None:
        return None
    close = difflib.get_close_matches(unknown[:_LONGEST_SHOWN], known, n=1)
    listed: Sequence[str] = close or known[:_MOST_NAMED]
    field = ".".join([*place, unknown[:_LONGEST_SHOWN]])
    return WrongValueError(field, Text("a field that is not known"), ", ".join(listed))


def _below(kind: inspect.Type, step: str | int) -> inspect.Type:
    """The type of a field, or of the items of a list."""
    if isinstance(kind, inspect.Metadata):
        return _below(kind.type, step)
    if isinstance(kind, inspect.UnionType):
        return _below(_without_null(kind)[0], step)
    if isinstance(kind, _LISTS):
        return kind.item_type
    struct = _struct(kind)
    if struct is None:
        return kind
    return next((field.type for field in struct.fields if field.encode_name == step), kind)


def _without_null(kind: inspect.UnionType) -> list[inspect.Type]:
    return [part for part in kind.types if not isinstance(part, inspect.NoneType)]


def _struct(kind: inspect.Type) -> inspect.StructType | None:
    if isinstance(kind, inspect.Metadata):
        return _struct(kind.type)
    return kind if isinstance(kind, inspect.StructType) else None
