"""Why an event is refused, in words: each wrong field, what was found, what is allowed.

The validator has already decided; this module only describes. It is slow and thorough, and runs
for refused events alone.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import json
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from tawny.model.business_hours import BusinessHours, Weekly
from tawny.model.event_data import TIME_RULE, EventData, Id, RuleError, rules_of
from tawny.model.events import EVENT_CLASSES, EVENT_TYPES, Envelope
from tawny.model.surrogates import has_half, plain, without_halves
from tawny.model.zones import instant_ms
from tawny.text import Text, joined

MOST_MISTAKES = 20
"""So many mistakes of one event are named; who has mended them hears of the others."""

LONGEST_EXPLAINED_BYTES = 1 << 20
"""A larger event is not taken apart to say what is wrong with it."""

_LONGEST_SHOWN = 80

ONE_OBJECT = Text("one JSON object a line")
_EXAMPLE = '{"specversion": "1.0", "source": …, "id": …, "type": …, "time": …, "data": {…}}'
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with an event."""

    field: str
    found: Text | str
    """What stood there, shortened; or in words what it is."""
    allowed: Text | str

    @property
    def text(self) -> Text:
        """The mistake as a sentence."""
        return Text("{field}: found {found}; allowed {allowed}",
                    field=self.field, found=self.found, allowed=self.allowed)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused event: its first mistake, and what else is wrong with it. `number` is its line
    (from 1) or its index (from 0)."""

    number: int
    field: str
    found: Text | str
    allowed: Text | str
    more: tuple[Mistake, ...] = ()

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """All that is said to be wrong with the event."""
        return (Mistake(self.field, self.found, self.allowed), *self.more)

    @property
    def text(self) -> Text | str:
        """The refusal as a sentence."""
        return joined("; ", [mistake.text for mistake in self.mistakes])

    def __str__(self) -> str:
        return str(self.text)


def holds_odd_id(event: Envelope) -> bool:
    """Whether an id of the event holds a NUL character."""
    data = event.data
    return (
        "\0" in event.source
        or "\0" in event.id
        or any(_holds_nul(getattr(data, name)) for name in _id_fields(type(data)))
    )


def _holds_nul(ids: str | list[str] | None) -> bool:
    return ids is not None and any("\0" in one for one in ([ids] if isinstance(ids, str) else ids))


@functools.cache
def _id_fields(data: type[EventData]) -> tuple[str, ...]:
    """The fields that hold an id or a list of them."""
    hints = typing.get_type_hints(data, include_extras=True)
    return tuple(
        name for name, kind in hints.items() if Id in _parts(kind) or list[Id] in _parts(kind)
    )


def _parts(kind: object) -> tuple[object, ...]:
    """The types of a union, or the one type."""
    is_union = typing.get_origin(kind) in (typing.Union, types.UnionType)
    return typing.get_args(kind) if is_union else (kind,)


def explain(number: int, line: bytes) -> Refusal:
    """The refusal of a line that the validator has refused."""
    first, *more = [*itertools.islice(_mistakes(line), MOST_MISTAKES)] or [_UNEXPLAINED]
    return Refusal(number, first.field, first.found, first.allowed, tuple(more))


def wrong_time(number: int, time: str) -> Refusal:
    """The refusal of an event of which nothing but the time is wrong."""
    return Refusal(number, "time", shown(time), TIME_RULE)


def _mistakes(line: bytes) -> Iterator[Mistake]:
    if len(line) > LONGEST_EXPLAINED_BYTES:
        yield Mistake(
            "event", Text("{count:,} bytes that break a rule", count=len(line)),
            Text("at most {most:,} bytes where a rule is to be named",
                 most=LONGEST_EXPLAINED_BYTES),
        )  # fmt: skip
        return
    try:
        line.decode()
    except UnicodeDecodeError:
        yield Mistake("event", Text("bytes that are not UTF-8"), Text("UTF-8 text"))
        return
    try:
        mended = without_halves(line)
        value = msgspec.json.decode(mended)
        if mended != line:
            value = json.loads(line)  # which keeps the halves
    except RecursionError:
        yield Mistake("event", Text("JSON nested too deeply"), ONE_OBJECT)
        return
    except (msgspec.MsgspecError, ValueError):
        yield _no_json(line)
        return
    if isinstance(value, list):
        yield Mistake("event", Text("a JSON array"), _NO_ARRAY)
    elif not isinstance(value, dict):
        yield Mistake("event", shown(value), Text("a JSON object"))
    else:
        yield from _wrong_event(value)


_UNEXPLAINED = Mistake("event", Text("nothing that is wrong by itself"), Text("a legal event"))
"""Never said as long as the decoder and the declared types agree, which a test holds."""

_NO_ARRAY = Text("one JSON object a line; jq -c '.[]' FILE makes such lines of an array")


def _no_json(line: bytes) -> Mistake:
    start = line.lstrip()[:1]
    found = shown(line.decode())
    if line.lstrip().startswith(_BYTE_ORDER_MARK):
        return Mistake(
            "event",
            Text("a byte order mark before the line"),
            Text("one at the very start of the input; where files were put together, take out the "
                 "marks of the later ones"),
        )  # fmt: skip
    if start == b"[":
        return Mistake("event", Text("the start of a JSON array: {found}", found=found), _NO_ARRAY)
    what = Text("broken JSON: {found}", found=found)
    if start != b"{":
        what = Text("text that is not a JSON object: {found}", found=found)
    return Mistake("event", what, Text("one JSON object a line, such as {example}",
                                       example=_EXAMPLE))  # fmt: skip


def _wrong_event(value: Mapping[str, object]) -> Iterator[Mistake]:
    """What is wrong with an object, the envelope first."""
    event_class: type[Envelope] = EVENT_CLASSES.get(str(value.get("type")), Envelope)
    if event_class is Envelope:
        yield _unknown_type(value)
    yield from _wrong_fields(value, event_class, "", skipped=event_class is Envelope)
    time = value.get("time")
    if isinstance(time, str) and instant_ms(time) is None:
        yield Mistake("time", shown(time), TIME_RULE)


def _unknown_type(value: Mapping[str, object]) -> Mistake:
    if "type" not in value:
        return Mistake("type", Text("nothing"), Text("an event type such as message.created"))
    found = value["type"]
    close = difflib.get_close_matches(str(found).lower()[:100], EVENT_TYPES, n=1, cutoff=0.0)
    allowed = Text("the types of the event contract; the closest is {closest}", closest=close[0])
    return Mistake("type", shown(found), allowed)


@functools.cache
def _fields(struct: type[msgspec.Struct]) -> tuple[tuple[str, object, bool], ...]:
    """Name, declared type and whether it is required, of each field."""
    hints = typing.get_type_hints(struct, include_extras=True)
    return tuple(
        (field.name, hints.get(field.name, field.type), field.required)
        for field in msgspec.structs.fields(struct)
    )


def _wrong_fields(
    value: Mapping[str, object], struct: type[msgspec.Struct], path: str, *, skipped: bool = False
) -> Iterator[Mistake]:
    """The wrong fields of an object, then the rules between those that are not wrong; without
    `data` when it is `skipped`, because nobody knows what it should be."""
    good: dict[str, object] = {}
    for name, kind, required in _fields(struct):
        if skipped and name == "data":
            continue
        if name not in value:
            if required:
                yield Mistake(path + name, Text("nothing"), describe(kind))
            else:
                good[name] = None
            continue
        wrong = False
        for mistake in _wrong(value[name], kind, path + name):
            wrong = True
            yield mistake
        if not wrong:
            good[name] = value[name]
    for rule in rules_of(struct):
        try:
            rule(types.SimpleNamespace(**good))
        except RuleError as error:
            for one in error.broken:
                yield Mistake(path + one.field, shown(one.found), one.allowed)
        except AttributeError:
            pass  # It reads a field that is itself wrong.


def _wrong(value: object, kind: object, path: str) -> Iterator[Mistake]:
    """What is wrong with a value, given its declared type."""
    parts = _parts(kind)
    if value is None and type(None) in parts:
        return
    part = next(one for one in parts if one is not type(None))
    if isinstance(part, type) and issubclass(part, msgspec.Struct) and isinstance(value, dict):
        yield from _wrong_fields(value, part, path + ".")
    elif typing.get_origin(part) is list and isinstance(value, list):
        (item,) = typing.get_args(part)
        for index, one in enumerate(value):
            yield from _wrong(one, item, f"{path}[{index}]")
    elif not _is_of(value, part):
        too_long = isinstance(value, str) and len(value) > 256 and part == Id
        found = Text("{count} characters", count=len(str(value))) if too_long else shown(value)
        yield Mistake(path, found, describe(kind))
    elif part == Id and isinstance(value, str) and ("\0" in value or has_half(value)):
        yield Mistake(path, shown(value), Text("any characters but NUL and unpaired surrogates"))


def _is_of(value: object, kind: object) -> bool:
    """Whether the decoder takes a value for that type."""
    if isinstance(value, str):
        value = plain(value)
    try:
        msgspec.json.decode(msgspec.json.encode(value), type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return True


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
        if args[0] == Id:
            return Text("a list of texts of 1 to 256 characters")
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
    if has_half(text):
        text = json.dumps(value)
    if len(text) > _LONGEST_SHOWN:
        return Text("{start}… ({count} characters)", start=text[:_LONGEST_SHOWN], count=len(text))
    return text
