"""The one validator of events, whatever way they come in.

A block of NDJSON lines becomes Arrow tables, one for each event family, and a list of refusals.
`msgspec` decides whether a line is a legal event of its type; the rules between fields live with
the types; times are checked and read a block at a time.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tawny.model import explanation
from tawny.model.events import EVENT_CLASSES, FAMILIES, Envelope, EventData
from tawny.model.explanation import Refusal
from tawny.model.zones import EARLIEST_MS, LATEST_MS
from tawny.text import Text

TIME_TYPE = pa.timestamp("us", "UTC")
"""How the log keeps the instant of an event: milliseconds, in the unit that Delta tables have."""

TIME_RULE = Text("an RFC 3339 date-time with offset such as 2026-06-08T14:03:22.120+02:00")

_TIME_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
_FINER_THAN_MS = r"(\.[0-9]{3})[0-9]+"

# A union of every event class, told apart by `type`.
_decoder: msgspec.json.Decoder[Envelope] = msgspec.json.Decoder(
    functools.reduce(operator.or_, EVENT_CLASSES.values())
)


@dataclass
class Batch:
    """What a block of lines became: `tables` has the legal events by family, in order of
    arrival; `refusals` the others."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many legal events there are, repetitions included."""
        return sum(table.num_rows for table in self.tables.values())


def _data_fields(data: type[EventData]) -> tuple[str, ...]:
    return data.__struct_fields__


def family_columns(family: str) -> tuple[str, ...]:
    """The data columns of a family's table: the fields of its types, in order of appearance."""
    names = dict.fromkeys(name for data in FAMILIES[family] for name in _data_fields(data))
    return tuple(names)


def arrow_type(column: str) -> pa.DataType:
    """The Arrow type of a data column; all are texts but the score of a survey."""
    return pa.int64() if column == "score" else pa.string()


ENVELOPE_COLUMNS: dict[str, pa.DataType] = {
    "type": pa.string(),
    "time": TIME_TYPE,
    "sequence": pa.string(),
    "source": pa.string(),
    "id": pa.string(),
}


def family_schema(family: str) -> pa.Schema:
    """Columns of a family's table: envelope, then data."""
    columns = ENVELOPE_COLUMNS | {name: arrow_type(name) for name in family_columns(family)}
    return pa.schema(list(columns.items()))


def validate_lines(block: bytes, first_line: int = 1) -> Batch:
    """Validate a block of whole NDJSON lines; `first_line` is the number of its first line.

    Blank lines are skipped. Line ends are LF or CR LF.
    """
    return _batch_of(_decoded_lines(block, first_line))


def validate_values(values: Sequence[bytes]) -> Batch:
    """Validate JSON values, one event each; refusals are numbered from 0."""
    return _batch_of(_decoded_each(values, 0))


def check_lines(block: bytes, first_line: int = 1) -> Checked:
    """The same decisions as `validate_lines`, without the tables, at a tenth of the cost."""
    return _checked(_decoded_lines(block, first_line))


def check_values(values: Sequence[bytes]) -> Checked:
    """The same decisions as `validate_values`, without the tables."""
    return _checked(_decoded_each(values, 0))


@dataclass(frozen=True, slots=True)
class Checked:
    """Which events of a block are legal: `accepted` has their numbers, in order."""

    accepted: Sequence[int]
    refusals: Sequence[Refusal]


@dataclass(frozen=True, slots=True)
class _Decoded:
    """Events that are legal but perhaps for their time, their numbers, and the others."""

    events: list[Envelope]
    numbers: Sequence[int]
    refusals: list[Refusal]


def _decoded_lines(block: bytes, first_line: int) -> _Decoded:
    text = block.rstrip()
    if not text:
        return _Decoded([], (), [])
    # A NUL can only come in as an escape; ids must not hold one, so such a block is looked at
    # line by line.
    if b"\\u0000" not in text:
        try:
            events = _decoder.decode_lines(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        else:
            # `decode_lines` takes values apart by their syntax, not by line ends. One event a
            # line has exactly this many borders.
            borders = text.count(b"}\n{") + text.count(b"}\r\n{")
            if borders == len(events) - 1 == text.count(b"\n"):
                return _Decoded(events, range(first_line, first_line + len(events)), [])
    return _decoded_each(text.split(b"\n"), first_line)


def _decoded_each(lines: Iterable[bytes], first: int) -> _Decoded:
    events: list[Envelope] = []
    numbers: list[int] = []
    refusals: list[Refusal] = []
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            event = _decoder.decode(line)
            if b"\\u0000" in line:
                explanation.check_no_nul(event)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
            refusals.append(explanation.explain(number, line, error))
        else:
            events.append(event)
            numbers.append(number)
    return _Decoded(events, numbers, refusals)


def _batch_of(decoded: _Decoded) -> Batch:
    batch = _to_batch(decoded.events, decoded.numbers)
    batch.refusals = _in_order(batch.refusals, decoded.refusals)
    return batch


def _checked(decoded: _Decoded) -> Checked:
    if not decoded.events:
        return Checked((), decoded.refusals)
    times, legal = read_times([event.time for event in decoded.events])
    if legal:
        return Checked(decoded.numbers, decoded.refusals)
    accepted = []
    refusals = []
    for event, number, good in zip(
        decoded.events, decoded.numbers, times.is_valid().to_pylist(), strict=True
    ):
        if good:
            accepted.append(number)
        else:
            refusals.append(Refusal(number, "time", explanation.shown(event.time), TIME_RULE))
    return Checked(accepted, _in_order(refusals, decoded.refusals))


def _in_order(*found: list[Refusal]) -> list[Refusal]:
    return sorted((one for part in found for one in part), key=lambda refusal: refusal.number)


def _to_batch(events: list[Envelope], numbers: Sequence[int]) -> Batch:
    """Tables of decoded events. Events with a bad time become refusals."""
    batch = Batch()
    if not events:
        return batch
    times, legal = read_times([event.time for event in events])
    if not legal:
        return _without_bad_times(events, numbers, times)
    by_type: dict[type[Envelope], list[int]] = {}
    for index, event in enumerate(events):
        kind = type(event)
        if kind in by_type:
            by_type[kind].append(index)
        else:
            by_type[kind] = [index]
    by_family: dict[str, list[pa.Table]] = {}
    for name, event_class in EVENT_CLASSES.items():
        indexes = by_type.get(event_class)
        if indexes is None:
            continue
        chosen = events if len(indexes) == len(events) else [events[i] for i in indexes]
        data: type[EventData] = type(chosen[0].data)
        chosen_times = times if chosen is events else times.take(pa.array(indexes))
        table = _type_table(name, data, chosen, chosen_times)
        by_family.setdefault(data.family, []).append(table)
    for family, tables in by_family.items():
        batch.tables[family] = tables[0] if len(tables) == 1 else pa.concat_tables(tables)
    return batch


def _type_table(
    name: str, data: type[EventData], events: list[Envelope], times: pa.Array[Any]
) -> pa.Table:
    rows = len(events)
    schema = family_schema(data.family)
    datas = [event.data for event in events]
    columns: dict[str, pa.Array[Any]] = {
        "type": pa.repeat(name, rows),
        "time": times,
        "sequence": pa.array([event.sequence for event in events], pa.string()),
        "source": pa.array([event.source for event in events], pa.string()),
        "id": pa.array([event.id for event in events], pa.string()),
    }
    for column in _data_fields(data):
        values = [getattr(fields, column) for fields in datas]
        if column == "business_hours":
            values = [
                None if value is None else msgspec.json.encode(value).decode() for value in values
            ]
        columns[column] = pa.array(values, arrow_type(column))
    arrays = [
        columns[field.name] if field.name in columns else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def read_times(texts: list[str]) -> tuple[pa.Array[Any], bool]:
    """Instants of RFC 3339 texts, cut to the millisecond; null where a text is not legal.

    The second value says whether all are legal.
    """
    array = pa.array(texts, pa.string())
    try:
        # Most senders write what Arrow reads as it is; the pattern alone decides what is legal.
        plain = array
        matches = pc.match_substring_regex(array, _TIME_PATTERN)
        all_match = pc.all(matches).as_py()
        if all_match:
            try:
                times = plain.cast(pa.timestamp("ms", "UTC"))
            except pa.ArrowInvalid:
                upper = pc.utf8_upper(array)
                plain = pc.replace_substring_regex(upper, _FINER_THAN_MS, r"\1")
                times = plain.cast(pa.timestamp("ms", "UTC"))
            limits = pc.min_max(times.cast(pa.int64()))
            if limits["min"].as_py() >= EARLIEST_MS and limits["max"].as_py() <= LATEST_MS:
                return times.cast(TIME_TYPE), True
    except pa.ArrowInvalid:
        pass
    values = [_read_time(text) for text in texts]
    milliseconds = pa.array(values, pa.int64())
    return milliseconds.cast(pa.timestamp("ms", "UTC")).cast(TIME_TYPE), None not in values


_time = re.compile(_TIME_PATTERN)


def _read_time(text: str) -> int | None:
    if _time.search(text) is None or text.endswith("\n"):
        return None
    plain = re.sub(_FINER_THAN_MS, r"\1", text.upper())
    try:
        value = pa.scalar(plain).cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).as_py()
    except pa.ArrowInvalid:
        return None
    return value if EARLIEST_MS <= value <= LATEST_MS else None


def _without_bad_times(
    events: list[Envelope], numbers: Sequence[int], times: pa.Array[Any]
) -> Batch:
    good: list[Envelope] = []
    good_numbers: list[int] = []
    refusals: list[Refusal] = []
    for event, number, time in zip(events, numbers, times.is_valid().to_pylist(), strict=True):
        if time:
            good.append(event)
            good_numbers.append(number)
        else:
            refusals.append(Refusal(number, "time", explanation.shown(event.time), TIME_RULE))
    batch = _to_batch(good, good_numbers)
    batch.refusals = refusals
    return batch
