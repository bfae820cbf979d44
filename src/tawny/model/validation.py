"""The one validator of events, whatever way they come in.

A block of NDJSON lines becomes Arrow tables, one for each event family, and a list of refusals.
`msgspec` decides whether a line is a legal event of its type; the rules between fields live with
the types; times are checked and read a block at a time.
"""

from __future__ import annotations

import functools
import operator
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tawny.model.event_data import EventData
from tawny.model.events import EVENT_CLASSES, Envelope
from tawny.model.layout import TIME_TYPE, arrow_type, family_schema
from tawny.model.refusals import Refusal, explain, holds_odd_id, wrong_time
from tawny.model.surrogates import NUL, without_halves
from tawny.model.zones import EARLIEST_MS, INSTANT_PATTERN, LATEST_MS, from_ms, instant_ms

_FINER_THAN_MS = r"(\.[0-9]{3})[0-9]+"

# A union of every event class, told apart by `type`.
_decoder: msgspec.json.Decoder[Envelope] = msgspec.json.Decoder(
    functools.reduce(operator.or_, EVENT_CLASSES.values())
)
_encoder = msgspec.json.Encoder()


@dataclass
class Batch:
    """What a block of lines became: `tables` has the legal events by family, `numbers` the lines
    or indexes of their rows; `refusals` the others."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    numbers: dict[str, pa.ChunkedArray[Any]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many legal events there are, repetitions included."""
        return sum(table.num_rows for table in self.tables.values())

    def rows_after(self, instant_ms: int) -> int:
        """How many legal events lie after an instant (milliseconds since 1970 UTC)."""
        instant = pa.scalar(from_ms(instant_ms), TIME_TYPE)
        return sum(
            pc.sum(pc.cast(pc.greater(table["time"], instant), pa.int64())).as_py() or 0
            for table in self.tables.values()
        )


_STORED: dict[str, Callable[[Any], object]] = {
    "business_hours": lambda hours: msgspec.json.encode(hours).decode(),
    "until": lambda text: from_ms(instant_ms(text) or 0),
}
"""What the log keeps of a field that it does not keep as it was sent."""


def validate_lines(block: bytes, first_line: int = 1) -> Batch:
    """Validate a block of whole NDJSON lines; `first_line` is the number of its first line.

    Blank lines are skipped. Line ends are LF or CR LF.
    """
    return _batch_of(_decoded_lines(block, first_line))


def validate_values(values: Sequence[bytes]) -> Batch:
    """Validate JSON values, one event each; refusals are numbered from 0."""
    return _batch_of(_decoded_each(values, 0))


def check_lines(block: bytes, first_line: int = 1, most_explained: int | None = None) -> Checked:
    """The same decisions as `validate_lines`, without the tables, at a tenth of the cost.

    To explain a refusal costs many times what it costs to refuse: `most_explained` bounds it.
    """
    return _checked(_decoded_lines(block, first_line), most_explained)


def check_values(
    values: Sequence[bytes], first: int = 0, most_explained: int | None = None
) -> Checked:
    """The same decisions as `validate_values`, without the tables; `first` is the number of the
    first of them."""
    return _checked(_decoded_each(values, first), most_explained)


_COLUMNS: dict[str, pa.DataType] = {"source": pa.string(), "id": pa.string(), "content": pa.int64()}
KEYS = pa.schema(list(_COLUMNS.items()))
"""What tells events apart: the key, and a hash of all that an event says. The hash is of this
process only; a time that is spelled in another way makes another one."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Which events of a block are legal: `accepted` and `refused` have their numbers, in order;
    `refusals` says why, for the first of those that are refused; `keys` has a row like `KEYS` for
    each that is accepted."""

    accepted: Sequence[int]
    refused: Sequence[int]
    refusals: Sequence[Refusal]
    keys: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class _Decoded:
    """Events that are legal but perhaps for their time, their numbers, and the lines of the others
    by number."""

    events: list[Envelope]
    numbers: Sequence[int]
    refused: dict[int, bytes]


def _decoded_lines(block: bytes, first_line: int) -> _Decoded:
    text = block.rstrip()
    if not text:
        return _Decoded([], (), {})
    # A NUL can only come in as an escape; ids must not hold one, so such a block is looked at
    # line by line.
    if NUL not in text and is_utf8(text):
        try:
            events = _decoder.decode_lines(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        else:
            # `decode_lines` takes values apart by their syntax, not by line ends. One event a
            # line has exactly this many borders.
            borders = len(events) - 1
            if borders == text.count(b"\n") and (
                borders == text.count(b"}\n{")
                or borders == text.count(b"}\n{") + text.count(b"}\r\n{")
            ):
                return _Decoded(events, range(first_line, first_line + len(events)), {})
    return _decoded_each(text.split(b"\n"), first_line)


def is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8. The decoder does not look at the fields that it passes over."""
    if data.isascii():
        return True
    ends = pa.py_buffer(struct.pack("=qq", 0, len(data)))
    text = pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(data))
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _decoded_each(lines: Iterable[bytes], first: int) -> _Decoded:
    events: list[Envelope] = []
    numbers: list[int] = []
    refused: dict[int, bytes] = {}
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        event = _decoded_one(line)
        if event is None:
            refused[number] = line
        else:
            events.append(event)
            numbers.append(number)
    return _Decoded(events, numbers, refused)


def _decoded_one(line: bytes) -> Envelope | None:
    """The event of a line, its time not looked at yet; None when it is none."""
    if line.lstrip()[:1] != b"{" or not is_utf8(line):
        return None
    try:
        event = _decoder.decode(line)
        return None if NUL in line and holds_odd_id(event) else event
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, RecursionError):
        pass
    mended = without_halves(line)
    if mended == line:
        return None
    try:
        if holds_odd_id(_decoder.decode(without_halves(line, NUL))):
            return None
        return _decoder.decode(mended)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _batch_of(decoded: _Decoded) -> Batch:
    batch = _to_batch(decoded.events, decoded.numbers)
    found = [explain(number, line) for number, line in decoded.refused.items()]
    batch.refusals = sorted([*batch.refusals, *found], key=lambda refusal: refusal.number)
    return batch


def _checked(decoded: _Decoded, most_explained: int | None) -> Checked:
    accepted, wrong_times = decoded.numbers, dict[int, str]()
    events = decoded.events
    if events:
        times, legal = read_times([event.time for event in events])
        if not legal:
            good = dict(zip(decoded.numbers, times.is_valid().to_pylist(), strict=True))
            accepted = [number for number in decoded.numbers if good[number]]
            wrong_times = {
                number: event.time
                for event, number in zip(events, decoded.numbers, strict=True)
                if not good[number]
            }
            events = [e for e, n in zip(events, decoded.numbers, strict=True) if good[n]]
    refused = sorted([*decoded.refused, *wrong_times])
    refusals = [
        explain(number, decoded.refused[number])
        if number in decoded.refused
        else wrong_time(number, wrong_times[number])
        for number in refused[:most_explained]
    ]
    return Checked(accepted, refused, refusals, _keys_of(events))


def _keys_of(events: Sequence[Envelope]) -> pa.RecordBatch:
    """A row like `KEYS` for each event."""
    encode = _encoder.encode
    columns: list[pa.Array[Any]] = [
        pa.array([event.source for event in events], pa.string()),
        pa.array([event.id for event in events], pa.string()),
        pa.array([hash(encode(event)) for event in events], pa.int64()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=KEYS)


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
    all_numbers = pa.array(numbers, pa.int64())
    by_family: dict[str, list[pa.Table]] = {}
    numbers_of: dict[str, list[pa.Array[Any]]] = {}
    for name, event_class in EVENT_CLASSES.items():
        indexes = by_type.get(event_class)
        if indexes is None:
            continue
        chosen, chosen_times, chosen_numbers = events, times, all_numbers
        if len(indexes) != len(events):
            chosen = [events[i] for i in indexes]
            rows = pa.array(indexes)
            chosen_times, chosen_numbers = times.take(rows), all_numbers.take(rows)
        data: type[EventData] = type(chosen[0].data)
        table = _type_table(name, data, chosen, chosen_times)
        by_family.setdefault(data.family, []).append(table)
        numbers_of.setdefault(data.family, []).append(chosen_numbers)
    for family, tables in by_family.items():
        batch.tables[family] = tables[0] if len(tables) == 1 else pa.concat_tables(tables)
        batch.numbers[family] = pa.chunked_array(numbers_of[family])
    return batch


def _type_table(
    name: str, data: type[EventData], events: list[Envelope], times: pa.Array[Any]
) -> pa.Table:
    rows = len(events)
    schema = family_schema(data.family)
    datas = [event.data for event in events]
    columns: dict[str, pa.Array[Any]] = {"type": pa.repeat(name, rows), "time": times}
    for column in ("sequence", "source", "id"):
        columns[column] = _column(column, events)
    for column in data.__struct_fields__:
        columns[column] = _column(column, datas)
    arrays = [
        columns[field.name] if field.name in columns else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _column(name: str, structs: Sequence[Any]) -> pa.Array[Any]:
    """The values of a field as the log keeps them."""
    values = list(map(operator.attrgetter(name), structs))
    # One value for all is usual, and to see it costs a part of making a column of it.
    is_one = values[0] == values[-1] and values.count(values[0]) == len(values)
    kept = values[:1] if is_one else values
    if name in _STORED:
        kept = [None if value is None else _STORED[name](value) for value in kept]
    column: pa.Array[Any] = pa.array(kept, arrow_type(name))
    only: Any = column[0]
    return pa.repeat(only, len(values)) if is_one else column


def read_times(texts: list[str]) -> tuple[pa.Array[Any], bool]:
    """Instants of RFC 3339 texts, cut to the millisecond; null where a text is not legal.

    The second value says whether all are legal.
    """
    array = pa.array(texts, pa.string())
    try:
        # Most senders write what Arrow reads as it is; the pattern alone decides what is legal.
        plain = array
        matches = pc.match_substring_regex(array, INSTANT_PATTERN)
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
    values = [instant_ms(text) for text in texts]
    milliseconds = pa.array(values, pa.int64())
    return milliseconds.cast(pa.timestamp("ms", "UTC")).cast(TIME_TYPE), None not in values


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
            refusals.append(wrong_time(number, event.time))
    batch = _to_batch(good, good_numbers)
    batch.refusals = refusals
    return batch
