"""A request for an export: what the caller wrote, and the exact instants it means."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tawny.errors import RequestError, UnknownValueError
from tawny.exports.formats.registry import holds_sheets
from tawny.model.zones import (
    MOMENT_RULE,
    clock_text,
    is_skipped,
    moment_ms,
    requested_zone,
)
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.queries.columns import HEADER_STYLES, Column
from tawny.text import Text

LONG_CELLS = ("refuse", "cut")
"""What may be done about a text that no cell of the format holds."""

RUN_KINDS = ("on-demand", "scheduled")

CONTENTS = ("setting", "yes", "no")
"""Whether the contents of messages are written: as the settings say for the kind of run, or not
as they say."""

ALL = "all"
"""Every export there is, instead of their names."""

BUNDLES = ("zip", "workbook")
"""What the files of several exports are put into: one archive, or one XLSX with a sheet each."""


class ExportChoices(
    msgspec.Struct,
    frozen=True,
    rename={"export_type": "export", "start": "from", "end": "to"},
):
    """What a caller chooses of an export, as it was written; `resolve` checks it.

    A field is declared here, with the name it has as JSON: worker, run, receipt and API take it
    from here. A new one has a default that means what was done before it was there, since older
    receipts and runs are read without it.
    """

    export_type: str = ""
    """Empty where there are `exports`."""
    time_zone: str = "UTC"
    start: str | None = None
    end: str | None = None
    channels: tuple[str, ...] = ()
    as_of: str | None = None
    headers: str = "en"
    format: str = "csv"
    dialect: str = "machine"
    long_cells: str = "refuse"
    columns: tuple[str, ...] = ()
    """Keys of the columns of the file, in any order; none = all."""
    exports: tuple[str, ...] = ()
    """Several exports of one state of the log, or `all`: their files become one."""
    bundle: str = "zip"
    """What the files of `exports` are put into."""

    @property
    def is_bundle(self) -> bool:
        """Whether several exports are made into one file."""
        return bool(self.exports)

    @property
    def export_types(self) -> tuple[str, ...]:
        """Every export that is asked for, in the order of the catalogue."""
        if ALL in self.exports:
            return EXPORT_TYPES
        return tuple(name for name in EXPORT_TYPES if name in (self.export_type, *self.exports))


class ExportRequest(ExportChoices, frozen=True):
    """A request for an export: what a caller chose, and what kind of run it is for."""

    kind: str = "on-demand"
    content: str = "setting"
    """One of `CONTENTS`; the receipt says of which media contents were written."""
    remakes: str | None = None
    """Id of the run whose file is made again, byte for byte, from its receipt."""
    changes: str | None = None
    """Instead of the rows of a range what changed since `since`; where rows sum up, of the periods
    of this frequency."""
    since: str | None = None
    """The cursor of a feed that `changes` go on from; None = everything there is."""
    corrects: str | None = None
    """Id of the run of whose file this one is the next revision: its receipt says what is other."""


def request_json(request: ExportRequest) -> dict[str, Any]:
    """A request as JSON has it."""
    content: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(request))
    return content


def request_of_json(content: object) -> ExportRequest:
    """The request that `request_json` was given; what it does not know is left aside. Raises
    `ValueError` for anything else."""
    return msgspec.convert(content, ExportRequest)


def chosen_columns(request: ExportChoices) -> tuple[Column, ...]:
    """The columns of the file of a request, in the export's order."""
    columns = query(request.export_type).columns
    if not request.columns:
        return columns
    return tuple(column for column in columns if column.key in request.columns)


def columns_by_type(export_types: Sequence[str], keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Of a choice of columns those that each of several exports has; nothing chosen = all.

    Raises `RequestError` for a key that none of them has, and for an export that has none of the
    chosen ones.
    """
    if not keys:
        return dict.fromkeys(export_types, ())
    known = {name: [column.key for column in query(name).columns] for name in export_types}
    everything = list(dict.fromkeys(key for cells in known.values() for key in cells))
    for key in keys:
        if key not in everything:
            raise UnknownValueError(
                Text("column"), key, everything, Text("tawny columns TYPE lists them")
            )
    chosen = {name: tuple(key for key in keys if key in cells) for name, cells in known.items()}
    for name, found in chosen.items():
        if not found:
            raise RequestError(
                "columns: found {found}, of which {export_type} has none; allowed there: {allowed}",
                found=", ".join(keys),
                export_type=name,
                allowed=", ".join(known[name]),
            )
    return chosen


def parts_of(request: ExportRequest) -> list[ExportRequest]:
    """The requests for the exports of a bundle, one each."""
    columns = columns_by_type(request.export_types, request.columns)
    return [
        msgspec.structs.replace(
            request, export_type=name, exports=(), bundle="zip", columns=columns[name]
        )
        for name in request.export_types
    ]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The instants a request means, in milliseconds since 1970 UTC."""

    zone: zoneinfo.ZoneInfo
    from_ms: int | None
    to_ms: int | None
    as_of_ms: int

    @property
    def up_to_ms(self) -> int:
        """Before which instant everything is that it may hold."""
        return self.as_of_ms if self.to_ms is None else min(self.to_ms, self.as_of_ms)


def resolve(request: ExportRequest, now_ms: int) -> Bounds:
    """Check a request and turn its texts into instants. Raises `RequestError`."""
    _check_exports(request)
    if request.headers not in HEADER_STYLES:
        raise UnknownValueError("headers", request.headers, HEADER_STYLES)
    if request.long_cells not in LONG_CELLS:
        raise UnknownValueError("long-cells", request.long_cells, LONG_CELLS)
    columns_by_type(request.export_types, request.columns)
    ranged = next((name for name in request.export_types if query(name).head.takes_range), None)
    if request.kind not in RUN_KINDS:
        raise UnknownValueError(Text("kind of run"), request.kind, RUN_KINDS)
    if request.content not in CONTENTS:
        raise UnknownValueError("content", request.content, CONTENTS)
    tz = requested_zone(request.time_zone)
    as_of_ms = now_ms if request.as_of is None else moment_ms("as-of", request.as_of, tz)
    if ranged is None:
        return Bounds(tz, None, None, as_of_ms)
    for name, text in (("from", request.start), ("to", request.end)):
        if text is None:
            raise RequestError(
                "{name}: found nothing; {export_type} needs a range, allowed {rule}",
                name=name,
                export_type=ranged,
                rule=MOMENT_RULE,
            )
    assert request.start is not None and request.end is not None
    from_ms = moment_ms("from", request.start, tz)
    to_ms_ = moment_ms("to", request.end, tz)
    if from_ms == to_ms_ and is_skipped(request.start, request.end):
        raise RequestError(
            "from: found {start} to {end}, which the clocks of {zone} skip: they go from {before} "
            "to {after} there; begin earlier or end later",
            start=request.start,
            end=request.end,
            zone=request.time_zone,
            before=clock_text(from_ms, from_ms - 1, tz),
            after=clock_text(from_ms, from_ms, tz),
        )
    if from_ms >= to_ms_:
        raise RequestError(
            "from: found {start}, which is not before to ({end}); the range holds what happens "
            "at from and later, and before to",
            start=request.start,
            end=request.end,
        )
    return Bounds(tz, from_ms, to_ms_, as_of_ms)


def _check_exports(request: ExportRequest) -> None:
    """Raise `RequestError` unless a request names one export, or a bundle of them."""
    if not request.is_bundle:
        if request.export_type not in EXPORT_TYPES:
            raise UnknownValueError(Text("export type"), request.export_type, EXPORT_TYPES)
    elif request.export_type:
        raise RequestError(
            "exports: found beside export {export_type}; name one export, or several as exports",
            export_type=request.export_type,
        )
    for name in request.exports:
        if name not in (*EXPORT_TYPES, ALL):
            raise UnknownValueError("exports", name, (*EXPORT_TYPES, ALL))
    if request.bundle not in BUNDLES:
        raise UnknownValueError("bundle", request.bundle, BUNDLES)
    if request.bundle == "workbook" and not (request.is_bundle and holds_sheets(request.format)):
        raise RequestError(
            "bundle: found 'workbook'; allowed for several exports with format xlsx, leave it out"
        )
