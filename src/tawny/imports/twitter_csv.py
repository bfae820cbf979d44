"""Rows of the "Customer Support on Twitter" layout, each checked, each with its line number.

A file that is not this layout at all raises `UnreadableInputError`; a single row that breaks a
rule is refused by line, column, what was found and what is allowed, and the good rows around it
are kept, as docs/events.md does with events.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from tawny.errors import RequestError, UnreadableInputError
from tawny.text import Text

COLUMNS = (
    "tweet_id",
    "author_id",
    "inbound",
    "created_at",
    "text",
    "in_response_to_tweet_id",
)
"""The columns that are read, by name and in any order. Others are ignored: `response_tweet_id`
says again, from the parent's side, what `in_response_to_tweet_id` says."""

NO_PARENT = -1

_MAX_ID = 2**63 - 1
_MAX_AUTHOR_CHARS = 100  # twice that, joined with a tweet id, still fits the 256 of an id
_ID = re.compile(r"[0-9]{1,19}(?:\.0)?")
_INBOUND = {
    "True": True,
    "False": False,
    "true": True,
    "false": False,
    "TRUE": True,
    "FALSE": False,
}
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2} [ 0-3]?\d) "
    r"(\d\d):(\d\d):(\d\d) ([+-]\d{4}) (\d{4})",
    re.ASCII,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip"}

Refuse = Callable[[int, Text], None]
"""Told of a refused row: its first line (the header is line 1) and the reason."""


class Row(NamedTuple):
    """One tweet. `time_s` is seconds since 1970 UTC; `parent` is `NO_PARENT` if it answers none."""

    line: int
    tweet_id: int
    author: str
    inbound: bool
    time_s: int
    text: str
    parent: int


class RowError(RequestError):
    """One row breaks a rule; the text says column, found, allowed."""


def rows(path: Path, refuse: Refuse) -> Iterator[Row]:
    """The good rows of the file in its order; the others are handed to `refuse`."""
    try:
        yield from _rows(path, refuse)
    except FileNotFoundError:
        raise UnreadableInputError(
            "{path}: there is no such file; give a CSV file", path=path
        ) from None
    except IsADirectoryError:
        raise UnreadableInputError(
            "{path}: found a folder; allowed: a CSV file", path=path
        ) from None
    except OSError as error:
        raise UnreadableInputError(
            "{path}: cannot be read ({error}); give a CSV file that can be", path=path, error=error
        ) from None


def _rows(path: Path, refuse: Refuse) -> Iterator[Row]:
    if path.exists() and not path.is_file() and not path.is_dir():
        raise UnreadableInputError(
            "{path}: found a pipe or device; allowed: a CSV file on disk, as it is read twice",
            path=path,
        )
    reader = csv.reader(_lines(path), strict=True)
    try:
        header = next(reader, None)
        places = _places(path, header)
        width = len(header or ())
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not cells:
                continue
            try:
                if len(cells) != width:
                    raise RowError(
                        "row: found {count} cells; allowed {width}, as the header",
                        count=len(cells),
                        width=width,
                    )
                yield _row(line, *(cells[place] for place in places))
            except RowError as error:
                refuse(line, error.text)
    except csv.Error as error:
        raise UnreadableInputError(
            "{path}:{line_num}: found broken CSV ({error}); allowed: cells with a comma, quote "
            'or line break inside "...", a quote doubled; nothing was imported',
            path=path,
            line_num=reader.line_num,
            error=error,
        ) from None


def _lines(path: Path) -> Iterator[str]:
    """The file's lines as text. Decoded one by one, so that bad bytes have a line number."""
    with path.open("rb") as file:
        start = file.read(4096)
        if not start.strip():
            raise UnreadableInputError(
                "{path}: found an empty file; allowed: a header line with the columns {allowed}",
                path=path,
                allowed=", ".join(COLUMNS),
            )
        kind = next((name for magic, name in _MAGIC.items() if start.startswith(magic)), None)
        if kind is not None or b"\0" in start:
            text = Text("{path}: found binary data; allowed: CSV as UTF-8 text; check that it is "
                        "the right file", path=path)  # fmt: skip
            if kind is not None:
                text = Text("{path}: found binary data ({kind}); allowed: CSV as UTF-8 text; "
                            "unpack it first", path=path, kind=kind)  # fmt: skip
            raise UnreadableInputError(text)
        file.seek(3 if start.startswith(b"\xef\xbb\xbf") else 0)
        for number, raw in enumerate(file, start=1):
            try:
                yield raw.decode()
            except UnicodeDecodeError as error:
                raise UnreadableInputError(
                    "{path}:{number}: found byte 0x{byte:02x}, which is not UTF-8; allowed: CSV "
                    "as UTF-8 text; convert the file; nothing was imported",
                    path=path,
                    number=number,
                    byte=raw[error.start],
                ) from None


def _places(path: Path, header: list[str] | None) -> tuple[int, ...]:
    """Where each of `COLUMNS` stands in the file."""
    found = [name.strip() for name in header or ()]
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        raise UnreadableInputError(
            "{path}:1: column {column}: found none of that name among {found}; allowed: a header "
            "with {allowed}",
            path=path,
            column=missing[0],
            found=", ".join(map(repr, found[:12])),
            allowed=", ".join(COLUMNS),
        )
    twice = [name for name in COLUMNS if found.count(name) > 1]
    if twice:
        raise UnreadableInputError(
            "{path}:1: column {column}: found twice; allowed once", path=path, column=twice[0]
        )
    return tuple(found.index(name) for name in COLUMNS)


def _row(
    line: int, tweet_id: str, author: str, inbound: str, created_at: str, text: str, parent: str
) -> Row:
    if not author or len(author) > _MAX_AUTHOR_CHARS or "\0" in author:
        raise RowError(
            "author_id: found {author!r}; allowed 1 to {most} characters",
            author=author[:40],
            most=_MAX_AUTHOR_CHARS,
        )
    direction = _INBOUND.get(inbound)
    if direction is None:
        raise RowError(
            "inbound: found {inbound!r}; allowed True (a customer's) or False", inbound=inbound[:40]
        )
    return Row(
        line,
        _id("tweet_id", tweet_id),
        author,
        direction,
        instant_s(created_at),
        text,
        _id("in_response_to_tweet_id", parent) if parent else NO_PARENT,
    )


def _id(column: str, found: str) -> int:
    if not _ID.fullmatch(found) or (number := int(found.removesuffix(".0"))) > _MAX_ID:
        required = column == "tweet_id"
        rule = Text("a whole number") if required else Text("a whole number or nothing")
        raise RowError("{field}: found {found!r}; allowed {allowed}",
                       field=column, found=found[:40], allowed=rule)  # fmt: skip
    return number


def instant_s(created_at: str) -> int:
    """Seconds since 1970 UTC of Twitter's spelling of an instant.

    >>> instant_s("Tue Oct 31 22:10:47 +0000 2017")
    1509487847
    >>> instant_s("Wed Nov 01 00:10:47 +0200 2017")
    1509487847
    """
    match = _DATE.fullmatch(created_at)
    if match is None:
        raise _bad_date(created_at)
    day, hour, minute, second, offset, year = match.groups()
    midnight_s = _midnight_s(day, year, offset)
    if midnight_s is None or hour > "23" or minute > "59" or second > "59":
        raise _bad_date(created_at)
    return midnight_s + int(hour) * 3600 + int(minute) * 60 + int(second)


@lru_cache(maxsize=4096)
def _midnight_s(day: str, year: str, offset: str) -> int | None:
    """Midnight of `Oct 31` in UTC seconds, None if there is no such day."""
    month, _, number = day.partition(" ")
    hours, minutes = int(offset[1:3]), int(offset[3:])
    if month not in _MONTHS or hours > 23 or minutes > 59:
        return None
    try:
        date = datetime(int(year), _MONTHS.index(month) + 1, int(number), tzinfo=UTC)
    except ValueError:
        return None
    east = timedelta(hours=hours, minutes=minutes) * (-1 if offset[0] == "-" else 1)
    midnight_s = int((date - _EPOCH - east).total_seconds())
    return midnight_s if -62_135_510_400 < midnight_s < 253_402_214_400 else None


def _bad_date(found: str) -> RowError:
    return RowError(
        "created_at: found {found!r}; allowed an instant such as 'Tue Oct 31 22:10:47 +0000 2017'",
        found=found[:40],
    )
