"""The mapping file of a table: where its rows are, and which events each of them tells.

These classes are what may stand in it; the JSON Schema of the documentation is made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, field

from tawny.errors import RequestError, UnknownValueError
from tawny.model.event_data import EventData
from tawny.model.events import EVENT_TYPES
from tawny.model.zones import requested_zone
from tawny.sources.table.template import Template
from tawny.text import Text
from tawny.toml_file import read_toml

Scalar = str | int | float | bool


class When(Struct, forbid_unknown_fields=True, kw_only=True, rename={"among": "in"}):
    """A condition on a column: among some values, or there at all (not empty)."""

    column: str
    among: list[Scalar] | None = None
    present: bool | None = None


class Value(Struct, forbid_unknown_fields=True, kw_only=True, rename={"mapped": "map"}):
    """Where a value comes from: exactly one of a column, a constant and a template."""

    column: str | None = None
    const: Scalar | None = None
    template: str | None = None
    mapped: dict[str, Scalar] | None = None
    """What each value of the column means. Another value is refused in its row."""
    when: When | None = None
    """The value is there only then."""
    split: Annotated[str, Meta(min_length=1)] | None = None
    """The text of the column is a list, parted by this."""
    unit: Literal["s", "ms", "us"] | None = None
    """The column counts seconds, milliseconds or microseconds since 1970 UTC."""
    format: str | None = None
    """How a time is written, as `strptime` has it, such as `%d/%m/%Y %H:%M`."""


def as_value(given: str | Value) -> Value:
    """A text stands for the column of that name."""
    return Value(column=given) if isinstance(given, str) else given


class Input(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where the rows are: files, or a query in a database."""

    path: str | None = None
    """Relative to the mapping file; `*`, `?` and `**` as in a shell."""
    database: str | None = None
    """`env:NAME`, `file:PATH`, or an address without a password."""
    query: str | None = None
    cursor: str | Value | None = None
    """A time or a growing number, by which a sync goes on where the last one stopped."""
    zone: str = "UTC"
    """Of times without offset."""
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"


class MappedEvent(Struct, forbid_unknown_fields=True, kw_only=True):
    """One event that a row may tell."""

    type: str
    id: str
    time: str | Value
    data: dict[str, str | Value] = field(default_factory=dict)
    sequence: str | None = None
    when: When | None = None


class Table(Struct, forbid_unknown_fields=True, kw_only=True):
    """One of several tables: rows, and the events they tell."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")] = "rows"
    input: Input
    event: Annotated[list[MappedEvent], Meta(min_length=1)]


class TableMapping(Struct, forbid_unknown_fields=True, kw_only=True):
    """A whole mapping file: one table, or several of the same desk, read in this order."""

    input: Input | None = None
    event: list[MappedEvent] = field(default_factory=list)
    table: list[Table] = field(default_factory=list)

    @property
    def tables(self) -> Sequence[Table]:
        """Its tables, however they are written."""
        return self.table if self.input is None else [Table(input=self.input, event=self.event)]


def mapping_schema() -> dict[str, Any]:
    """The JSON Schema of a mapping file."""
    return msgspec.json.schema(TableMapping)


def read_mapping(path: Path) -> TableMapping:
    """The checked mapping of a file. Raises `UnreadableInputError` and `RequestError`, which name
    the place, what stands there and what is allowed."""
    found = read_toml(path, "--mapping")
    _check_keys(found, TableMapping, "")
    try:
        mapping = msgspec.convert(found, TableMapping)
    except msgspec.ValidationError as error:
        raise _wrong(_plain(str(error))) from None
    if mapping.table and (mapping.input is not None or mapping.event):
        raise _wrong(Text("give either input and event, or tables"))
    if not mapping.table and (mapping.input is None or not mapping.event):
        raise _wrong(Text("found no input or no event; allowed one of each, or tables"))
    names = [one.name for one in mapping.table]
    for name in names:
        if names.count(name) > 1:
            raise _wrong(Text("found the table {name!r} twice; allowed names that differ",
                              name=name))  # fmt: skip
    for table in mapping.tables:
        place = f"table {table.name}, " if mapping.table else ""
        _check_input(table.input, place)
        for event_place, event in events_by_place(table):
            _check_event(event, f"{place}{event_place}")
    return mapping


def events_by_place(table: Table) -> Iterator[tuple[str, MappedEvent]]:
    """The events of a table with the words that lead a person to each."""
    for number, event in enumerate(table.event, 1):
        yield f"event {number} ({event.type})", event


def _wrong(place: str | Text, advice: Text | None = None) -> RequestError:
    if advice is None:
        return RequestError("--mapping: {place}", place=place)
    return RequestError("--mapping: {place}: {advice}", place=place, advice=advice)


def _plain(message: str) -> str:
    """A library's words without its signs: `$.event[0].id` becomes `event 1, id`."""
    text, _, where = message.partition(" - at `$")
    steps = []
    for step in where.rstrip("`").lstrip(".").split("."):
        name, _, index = step.partition("[")
        steps.append(f"{name} {int(index[:-1]) + 1}" if index[:-1].isdigit() else step)
    found = text.replace("Object missing", "missing").replace("Object contains", "contains")
    return f"{', '.join(one for one in steps if one)}: {found}".removeprefix(": ")


def _names(struct: type[Struct]) -> Mapping[str, Any]:
    """The types of a struct's fields by their names in the file."""
    return {one.encode_name: one.type for one in msgspec.structs.fields(struct)}


def _nested_in(field_type: Any) -> type[Struct] | None:
    """The struct that a field holds, alone, in a list or by name."""
    if isinstance(field_type, type) and issubclass(field_type, Struct):
        return field_type
    found = (_nested_in(one) for one in get_args(field_type))
    return next((one for one in found if one is not None), None)


def _check_keys(found: Mapping[str, Any], struct: type[Struct], place: str) -> None:
    """Refuse keys that are not known, by name with the closest or all there are."""
    names = _names(struct)
    for key, value in found.items():
        here = f"{place}, {key}".removeprefix(", ")
        if key not in names:
            raise UnknownValueError(
                Text("--mapping: {place}key", place=f"{place}, " if place else ""),
                key, sorted(names),
            )  # fmt: skip
        nested = _nested_in(names[key])
        if nested is None:
            continue
        if get_origin(names[key]) is dict:
            parts = [(f"{here}, {name}", one) for name, one in _items(value)]
        elif isinstance(value, list):
            parts = [(f"{here} {number}", one) for number, one in enumerate(value, 1)]
        else:
            parts = [(here, value)]
        for part, one in parts:
            if isinstance(one, Mapping):
                _check_keys(one, nested, part)


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    """The entries of what should be a table; of anything else the types say what is wrong."""
    return value.items() if isinstance(value, Mapping) else ()


def _check_input(given: Input, place: str) -> None:
    place = f"{place}input"
    if (given.path is None) == (given.database is None):
        raise _wrong(place, Text("give either path, or database and query"))
    if (given.database is None) != (given.query is None):
        raise _wrong(place, Text("database and query belong together"))
    requested_zone(given.zone)
    try:
        "".encode(given.encoding)
    except LookupError:
        raise _wrong(
            f"{place}, encoding",
            Text("found {found!r}; allowed such as utf-8, cp1252 or utf-16", found=given.encoding),
        ) from None
    if given.cursor is not None:
        _check_value(as_value(given.cursor), f"{place}, cursor")
        if as_value(given.cursor).column is None:
            raise _wrong(f"{place}, cursor", Text("allowed a column"))


def _check_event(event: MappedEvent, place: str) -> None:
    if event.type not in EVENT_TYPES:
        raise UnknownValueError(
            Text("--mapping: {place}type", place=f"{place}, "), event.type, sorted(EVENT_TYPES)
        )
    data_type = EVENT_TYPES[event.type]
    for name, template in (("id", event.id), ("sequence", event.sequence)):
        if template is not None:
            Template(template, f"{place}, {name}")
    if not Template(event.id, place).columns:
        raise _wrong(f"{place}, id", Text("names no column; each row needs an id of its own"))
    known = {one.name: one for one in msgspec.structs.fields(data_type)}
    for name, value in event.data.items():
        if name not in known:
            raise UnknownValueError(
                Text("--mapping: {place}data", place=f"{place}, "), name, list(known)
            )
        _check_value(as_value(value), f"{place}, {name}")
        _check_allowed(as_value(value), data_type, name, f"{place}, {name}")
    missing = [one.name for one in known.values() if one.required and one.name not in event.data]
    if missing:
        raise _wrong(
            place, Text("found no {fields} in data, which this type needs",
                        fields=", ".join(missing)),
        )  # fmt: skip
    _check_value(as_value(event.time), f"{place}, time")
    if event.when is not None:
        _check_when(event.when, f"{place}, when")


def _check_value(value: Value, place: str) -> None:
    given = [n for n in ("column", "const", "template") if getattr(value, n) is not None]
    if len(given) != 1:
        raise _wrong(
            place, Text("found {given}; allowed exactly one of column, const and template",
                        given=", ".join(given) or Text("none")),
        )  # fmt: skip
    if value.template is not None:
        Template(value.template, place)
    elsewhere = [n for n in ("map", "split", "unit", "format")
                 if getattr(value, "mapped" if n == "map" else n) is not None]  # fmt: skip
    if elsewhere and value.column is None:
        raise _wrong(place, Text("{key} needs a column", key=elsewhere[0]))
    if value.unit is not None and value.format is not None:
        raise _wrong(place, Text("give either unit or format"))
    if value.when is not None:
        _check_when(value.when, f"{place}, when")


def _check_when(when: When, place: str) -> None:
    if (when.among is None) == (when.present is None):
        raise _wrong(place, Text("give either in or present"))


def _check_allowed(value: Value, data_type: type[EventData], name: str, place: str) -> None:
    """Refuse constants that the contract does not allow in this field, before a row is read."""
    field_type = cast(Any, msgspec.inspect.type_info(data_type)).fields
    types = next(one.type for one in field_type if one.name == name)
    options = [one for one in getattr(types, "types", (types,))
               if isinstance(one, msgspec.inspect.LiteralType)]  # fmt: skip
    if not options:
        return
    allowed = [str(one) for option in options for one in option.values]
    constants = [value.const] if value.const is not None else list((value.mapped or {}).values())
    for constant in constants:
        if constant not in allowed:
            raise UnknownValueError(Text("--mapping: {place}", place=place), str(constant), allowed)


def columns_of(table: Table) -> Sequence[tuple[str, str]]:
    """Every column a table's mapping names, with the first place that names it."""
    found: dict[str, str] = {}
    for place, column in _named(table):
        found.setdefault(column, place)
    return list(found.items())


def _named(table: Table) -> Iterator[tuple[str, str]]:
    if table.input.cursor is not None:
        yield from _of_value("input, cursor", table.input.cursor)
    for place, event in events_by_place(table):
        for template in (event.id, event.sequence):
            if template is not None:
                yield from ((place, column) for column in Template(template, place).columns)
        yield from _of_value(f"{place}, time", event.time)
        if event.when is not None:
            yield f"{place}, when", event.when.column
        for name, value in event.data.items():
            yield from _of_value(f"{place}, {name}", value)


def _of_value(place: str, given: str | Value) -> Iterator[tuple[str, str]]:
    value = as_value(given)
    if value.column is not None:
        yield place, value.column
    if value.template is not None:
        yield from ((place, column) for column in Template(value.template, place).columns)
    if value.when is not None:
        yield f"{place}, when", value.when.column
