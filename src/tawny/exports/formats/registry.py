"""Which file formats there are: each declares itself in a module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from tawny.errors import RequestError, UnknownValueError
from tawny.exports.formats import csv_files, jsonl_files, parquet_files, xlsx_files
from tawny.exports.formats.base import FileFormat

FORMATS: tuple[FileFormat, ...] = (
    *csv_files.FORMATS,
    *jsonl_files.FORMATS,
    *parquet_files.FORMATS,
    *xlsx_files.FORMATS,
)

FORMAT_NAMES: tuple[str, ...] = tuple(dict.fromkeys(file_format.name for file_format in FORMATS))
DIALECTS: tuple[str, ...] = tuple(
    dict.fromkeys(file_format.dialect.name for file_format in FORMATS)
)

if TYPE_CHECKING:
    FormatName: TypeAlias = str
    DialectName: TypeAlias = str
else:
    FormatName = Literal[FORMAT_NAMES]
    """One of them, for who writes down what a call may be."""
    DialectName = Literal[DIALECTS]


def file_format(name: str, dialect: str) -> FileFormat:
    """The format of that name and dialect. Raises `RequestError`."""
    if name not in FORMAT_NAMES:
        raise UnknownValueError("format", name, FORMAT_NAMES)
    if dialect not in DIALECTS:
        raise UnknownValueError("dialect", dialect, DIALECTS)
    for candidate in FORMATS:
        if (candidate.name, candidate.dialect.name) == (name, dialect):
            return candidate
    raise RequestError(
        "dialect: found {dialect!r} with format {name}; allowed with csv only, leave it out",
        dialect=dialect,
        name=name,
    )


def holds_sheets(name: str) -> bool:
    """Whether a file of a format may hold several exports; false for a format there is not."""
    return any(one.holds_sheets for one in FORMATS if one.name == name)


def dialects_of(name: str) -> tuple[str, ...]:
    """The dialects of a format, the one for programs first."""
    return tuple(one.dialect.name for one in FORMATS if one.name == name)


def format_of_file(name: str) -> str:
    """The format a file's ending asks for. Raises `RequestError`."""
    for candidate in FORMATS:
        if name.lower().endswith(candidate.ending):
            return candidate.name
    endings = ", ".join(dict.fromkeys(candidate.ending for candidate in FORMATS))
    raise RequestError(
        "-o: found {name!r}, whose ending names no format; allowed {endings}, or give --format",
        name=name,
        endings=endings,
    )
