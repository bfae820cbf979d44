"""Which events of a request are legal, found in memory and time that grow with the request and not
with what is wrong in it: the first refusals are explained, the others numbered."""

from __future__ import annotations

import itertools
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec
import pyarrow as pa

from tawny.errors import RequestError
from tawny.model.refusals import Refusal
from tawny.model.surrogates import values_of_array, without_halves
from tawny.model.validation import KEYS, Checked, check_lines, check_values

ACCEPTED, REFUSED, DUPLICATE = 1, 2, 3
"""What came of an event."""
MOST_EXPLAINED = 100
"""So many refusals of a request are explained."""
SMALLEST_EVENT_BYTES = 100
"""No legal event is smaller: what holds more of them than this allows is no request of events."""
BLOCK_BYTES = 256 << 10
"""So much is checked at a time."""
_MANY = 1_000

_skipped: msgspec.json.Decoder[msgspec.Raw] = msgspec.json.Decoder(msgspec.Raw)
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_TO_BRACKET = re.compile(rb'[^"\[\]{}]*+(?:' + _STRING + rb'[^"\[\]{}]*+)*+', re.DOTALL)
_SCALAR = re.compile(_STRING + rb'|[^",\]\s]++', re.DOTALL)
_SPACE = re.compile(rb"\s*+")
_OPENING = b"[{"


class TooManyEventsError(RequestError):
    """A request with more events than its size could hold legal ones."""


@dataclass(frozen=True, slots=True)
class LegalEvents:
    """The legal events of a request: their lines as they came, each with its end, blank ones
    perhaps among them; for each event its line, from 1, and a row like `KEYS`."""

    body: bytes
    lines: array[int]
    keys: pa.Table

    def __len__(self) -> int:
        return len(self.lines)


NO_EVENTS = LegalEvents(b"", array("Q"), KEYS.empty_table())


class CheckedRequest:
    """What came of the events of a request.

    `outcomes` has a byte for each number from `first` on: `ACCEPTED`, `REFUSED`, `DUPLICATE`, or 0
    where no event stood, as in a blank line. `lines` are the accepted ones, as they came; `keys`
    has their keys, in blocks like `KEYS`.
    """

    def __init__(self, first: int, most_events: int) -> None:
        self.first = first
        self.most_events = most_events
        self.array = False
        """Whether the events came in an array, which may be empty."""
        self.outcomes = bytearray()
        self.refusals: list[Refusal] = []
        self.lines: bytes = b""
        self.keys: list[pa.RecordBatch] = []

    @property
    def accepted(self) -> int:
        """How many events are legal."""
        return self.outcomes.count(ACCEPTED)

    @property
    def refused(self) -> int:
        """How many are not."""
        return self.outcomes.count(REFUSED)

    @property
    def duplicates(self) -> int:
        """How many were there already."""
        return self.outcomes.count(DUPLICATE)

    def legal(self) -> LegalEvents:
        """The accepted events, before they are compared with those that are there."""
        lines: Iterable[int]
        if self.refused or self.accepted == len(self.outcomes):
            lines = range(1, self.accepted + 1)  # no other line is among them
        else:
            lines = (n for n, outcome in enumerate(self.outcomes, 1) if outcome == ACCEPTED)
        return LegalEvents(self.lines, array("Q", lines), pa.Table.from_batches(self.keys, KEYS))

    def compare(self, outcomes: bytes, refused: Mapping[int, Refusal]) -> list[Refusal]:
        """Take over what came of the legal events when they were compared with those that are
        there, in their order. `refused` explains some of those that are refused for having the key
        of another one, by their place among the legal ones. Returns these, numbered."""
        found = []
        number = -1
        for place, outcome in enumerate(outcomes):
            number = self.outcomes.index(ACCEPTED, number + 1)
            self.outcomes[number] = outcome
            if place in refused:
                found.append(replace(refused[place], number=self.first + number))
        both = sorted([*self.refusals, *found], key=lambda refusal: refusal.number)
        self.refusals = both[:MOST_EXPLAINED]
        return found

    def check_number(self) -> None:
        """Raise `TooManyEventsError` when there are more than there may be."""
        if self.accepted + self.refused > self.most_events:
            raise TooManyEventsError(
                "events: found more than {most:,}; allowed {most:,} at a time, send less at a time",
                most=self.most_events,
            )


def checked_lines(body: bytes, most_events: int) -> CheckedRequest:
    """The events of newline-delimited JSON, numbered from 1. Blank lines are none."""
    result = CheckedRequest(1, most_events)
    for block in blocks_of(body):
        first = result.first + len(result.outcomes)
        found = check_lines(block, first, MOST_EXPLAINED - len(result.refusals))
        _note(result, found, block.count(b"\n") + (not block.endswith(b"\n")))
        result.check_number()
    if result.refused:
        result.lines = b"".join(_accepted(body, result.outcomes))
    else:
        # Nothing is copied, and blank lines may stay.
        result.lines = body if body.endswith(b"\n") else body + b"\n"
    return result


def _accepted(body: bytes, outcomes: bytearray) -> Iterator[bytes]:
    """The lines that were accepted."""
    at = 0
    for block in blocks_of(body):
        lines = block.split(b"\n")
        if block.endswith(b"\n"):
            lines.pop()
        for line, outcome in zip(lines, outcomes[at : at + len(lines)], strict=True):
            if outcome == ACCEPTED:
                yield line + b"\n"
        at += len(lines)


def checked_values(values: Iterable[bytes], most_events: int) -> CheckedRequest:
    """The events of JSON values, numbered from 0."""
    result = CheckedRequest(0, most_events)
    kept: list[bytes] = []
    remaining = iter(values)
    while chunk := _up_to(remaining, BLOCK_BYTES):
        first = len(result.outcomes)
        found = check_values(chunk, first, MOST_EXPLAINED - len(result.refusals))
        _note(result, found, len(chunk))
        result.check_number()
        # A line end inside a JSON value is only ever white space.
        kept += [
            chunk[number - first].replace(b"\r", b" ").replace(b"\n", b" ").strip() + b"\n"
            for number in found.accepted
        ]
    result.lines = b"".join(kept)
    return result


def elements(body: bytes) -> Iterator[bytes]:
    """The elements of a JSON array, one after the other. Raises what `msgspec` does for a text
    that is no such array, before the first of them."""
    if len(body) <= BLOCK_BYTES:
        # Quicker, and what a list of them needs is little.
        yield from values_of_array(body)
        return
    try:
        _skipped.decode(body)
    except msgspec.DecodeError:
        # Halves of surrogate pairs are judged with the events that hold them.
        _skipped.decode(without_halves(body))
    yield from _elements_of_json(body)


def _elements_of_json(body: bytes) -> Iterator[bytes]:
    """The same for a text that is known to be JSON: only brackets and strings are looked at."""
    at = _past(_SPACE, body, body.index(b"[") + 1)
    while body[at : at + 1] != b"]":
        start = at
        if body[at] in _OPENING:
            depth = 0
            while depth or at == start:
                at = _past(_TO_BRACKET, body, at)
                depth += 1 if body[at] in _OPENING else -1
                at += 1
        else:
            at = _past(_SCALAR, body, at)
        yield body[start:at]
        at = _past(_SPACE, body, at)
        if body[at : at + 1] == b",":
            at = _past(_SPACE, body, at + 1)


def _past(pattern: re.Pattern[bytes], body: bytes, at: int) -> int:
    """Where what fits a pattern ends."""
    match = pattern.match(body, at)
    assert match is not None
    return match.end()


def blocks_of(body: bytes, size_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Whole lines, about that many bytes at a time, so that what is made of them is never made of
    all at once."""
    start = 0
    while start < len(body):
        end = len(body)
        if start + size_bytes < end:
            last = body.rfind(b"\n", start, start + size_bytes) + 1
            end = last or body.find(b"\n", start + size_bytes) + 1 or end
        yield body[start:end]
        start = end


def _note(result: CheckedRequest, found: Checked, count: int) -> None:
    """Note what came of the next `count` lines or values, of which some may be blank."""
    first = result.first + len(result.outcomes)
    result.refusals += found.refusals
    result.keys.append(found.keys)
    if len(found.accepted) == count:
        result.outcomes += bytes([ACCEPTED]) * count
        return
    outcomes = bytearray(count)
    for number in found.accepted:
        outcomes[number - first] = ACCEPTED
    for number in found.refused:
        outcomes[number - first] = REFUSED
    result.outcomes += outcomes


def _up_to(values: Iterator[bytes], most_bytes: int) -> list[bytes]:
    """The next values, of that many bytes or a little more."""
    chunk: list[bytes] = []
    size = 0
    for value in itertools.islice(values, _MANY):
        chunk.append(value)
        size += len(value)
        if size >= most_bytes:
            break
    return chunk
