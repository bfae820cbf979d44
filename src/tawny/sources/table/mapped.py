"""The events that one row tells, as the mapping says."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tawny.model.events import EVENT_TYPES
from tawny.model.zones import instant_text, zone
from tawny.sources.events import Data
from tawny.sources.table.cells import CellError, cell_ms, cell_text, is_empty
from tawny.sources.table.mapping import MappedEvent, Table, Value, When, as_value, events_by_place
from tawny.sources.table.rows import Row, RowPlace
from tawny.sources.table.template import Template
from tawny.text import Text

_INSTANT_FIELDS = ("until",)
"""Fields of data that hold an instant."""

_CONTENT = "content"


class RowMappingError(CellError):
    """A row that cannot become an event: where, and what is allowed there."""

    def __init__(self, place: str, error: CellError, *, unmapped: bool = False) -> None:
        super().__init__(error.found, error.allowed)
        self.place = place
        self.unmapped = unmapped
        """The value stands in no `map`."""

    @property
    def reason(self) -> Text:
        """What a person is told; without what stands there, which somebody may have written."""
        return Text("{place}: allowed {allowed}", place=self.place, allowed=self.allowed)


@dataclass(frozen=True, slots=True)
class RowEvent:
    """An event that a row tells, before it is compared with what was sent."""

    id: str
    type: str
    time_ms: int
    data: Data
    sequence: str | None
    updated_ms: int
    """When the row was last changed, where it has a time of that; else the event's time."""


class _Condition:
    """A `when`, ready to be used on rows."""

    def __init__(self, when: When) -> None:
        self._when = when
        self._among = frozenset(cell_text(one) for one in when.among or ())

    def holds(self, row: Row) -> bool:
        cell = row.get(self._when.column)
        if self._when.among is not None:
            return cell_text(cell) in self._among
        return is_empty(cell) is not self._when.present


class _Field:
    """One field of an event's data."""

    def __init__(self, name: str, given: str | Value, kind: Any, place: str, prefix: str) -> None:
        self.name = name
        self.value = as_value(given)
        self.place = f"{place}, {name}"
        self._prefix = prefix if name.endswith("_id") or name == "channels" else ""
        self._template = (
            None if self.value.template is None else Template(self.value.template, self.place)
        )
        kinds = getattr(kind, "types", (kind,))
        self._is_number = any(isinstance(one, msgspec.inspect.IntType) for one in kinds)
        self._is_list = any(isinstance(one, msgspec.inspect.ListType) for one in kinds)
        self._is_object = any(isinstance(one, msgspec.inspect.StructType) for one in kinds)
        self._when = None if self.value.when is None else _Condition(self.value.when)

    def of(self, row: Row, tz: zoneinfo.ZoneInfo) -> Any:
        """What it is for a row; None where it is not there. Raises `RowMappingError`."""
        value = self.value
        if self._when is not None and not self._when.holds(row):
            return None
        try:
            if self._template is not None:
                return self._prefixed(self._template.filled(row) or None)
            if value.const is not None:
                return self._prefixed(value.const)
            return self._of_cell(row.get(str(value.column)), tz)
        except RowMappingError:
            raise
        except CellError as error:
            raise RowMappingError(self.place, error) from None

    def _of_cell(self, cell: Any, tz: zoneinfo.ZoneInfo) -> Any:
        if is_empty(cell):
            return None
        meanings = self.value.mapped
        if meanings is not None:
            text = cell_text(cell)
            if text not in meanings:
                allowed = Text("one of {values}", values=", ".join(meanings))
                raise RowMappingError(self.place, CellError(text, allowed), unmapped=True)
            return self._prefixed(meanings[text])
        if self.name in _INSTANT_FIELDS:
            return instant_text(cell_ms(cell, tz, self.value.unit, self.value.format))
        if self._is_list:
            return self._prefixed(self._listed(cell))
        if self._is_object:
            return _object(cell)
        if self._is_number:
            return _whole(cell)
        return self._prefixed(cell_text(cell))

    def _listed(self, cell: Any) -> list[str]:
        if isinstance(cell, list):
            return [cell_text(one) for one in cell if not is_empty(one)]
        parts = cell_text(cell).split(self.value.split or ",")
        return [part.strip() for part in parts if part.strip()]

    def _prefixed(self, value: Any) -> Any:
        if not self._prefix or value is None:
            return value
        if isinstance(value, list):
            return [f"{self._prefix}{one}" for one in value]
        return f"{self._prefix}{value}"


class RowMapping:
    """A table's mapping, ready to be used on rows; ids in data get the source's prefix."""

    def __init__(self, table: Table, prefix: str, *, with_content: bool) -> None:
        self._zone = zone(table.input.zone)
        self._events = [
            _EventMapping(event, place, prefix, with_content)
            for place, event in events_by_place(table)
        ]
        cursor = table.input.cursor
        self._cursor = None if cursor is None else as_value(cursor)

    def events(self, row: Row) -> Iterator[RowEvent]:
        """The events of a row. Raises `RowMappingError`."""
        for event in self._events:
            found = event.of(row, self._zone)
            if found is not None:
                yield found

    def place(self, row: Row) -> RowPlace | None:
        """Where a row stands by the cursor; None without one. Raises `RowMappingError`."""
        if self._cursor is None or is_empty(cell := row.get(str(self._cursor.column))):
            return None
        try:
            if self._cursor.unit is None and self._cursor.format is None:
                text = cell_text(cell)
                if text.isdigit():
                    return RowPlace(int(text), is_time=False)
            found = cell_ms(cell, self._zone, self._cursor.unit, self._cursor.format)
        except CellError as error:
            raise RowMappingError("input, cursor", error) from None
        return RowPlace(found * 1000, is_time=True)


class _EventMapping:
    def __init__(self, event: MappedEvent, place: str, prefix: str, with_content: bool) -> None:
        data_type = EVENT_TYPES[event.type]
        info: Any = msgspec.inspect.type_info(data_type)
        kinds = {one.name: one.type for one in info.fields}
        self._type = event.type
        self._place = place
        self._when = None if event.when is None else _Condition(event.when)
        self._id = Template(event.id, place)
        self._sequence = None if event.sequence is None else Template(event.sequence, place)
        self._time = as_value(event.time)
        template = self._time.template
        self._time_template = None if template is None else Template(template, place)
        self._required = {one.name for one in info.fields if one.required}
        self._fields = [
            _Field(name, value, kinds[name], place, prefix)
            for name, value in event.data.items()
            if with_content or name != _CONTENT
        ]

    def of(self, row: Row, tz: zoneinfo.ZoneInfo) -> RowEvent | None:
        if self._when is not None and not self._when.holds(row):
            return None
        for column in self._id.columns:
            if is_empty(row.get(column)):
                raise RowMappingError(
                    f"{self._place}, id", CellError("", Text("a value in {column}", column=column))
                )
        data: Data = {}
        for one in self._fields:
            value = one.of(row, tz)
            if value is not None:
                data[one.name] = value
            elif one.name in self._required:
                raise RowMappingError(one.place, CellError("", Text("a value; the type needs it")))
        time_ms = self._time_ms(row, tz)
        return RowEvent(
            self._id.filled(row), self._type, time_ms, data,
            None if self._sequence is None else self._sequence.filled(row), time_ms,
        )  # fmt: skip

    def _time_ms(self, row: Row, tz: zoneinfo.ZoneInfo) -> int:
        value = self._time
        cell: Any = value.const
        if value.column is not None:
            cell = row.get(value.column)
        elif self._time_template is not None:
            cell = self._time_template.filled(row)
        try:
            if is_empty(cell):
                raise CellError("", Text("a time"))
            return cell_ms(cell, tz, value.unit, value.format)
        except CellError as error:
            raise RowMappingError(f"{self._place}, time", error) from None


def _whole(cell: Any) -> int:
    text = cell_text(cell).strip()
    if text.removesuffix(".0").lstrip("-").isdigit():
        return int(text.removesuffix(".0"))
    raise CellError(text, Text("a whole number"))


def _object(cell: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(cell) if isinstance(cell, str) else cell
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CellError(cell_text(cell), Text("a JSON object"))
    return found
