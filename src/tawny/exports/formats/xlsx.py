"""XLSX workbooks: typed cells, nothing that a spreadsheet would run or mangle."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.exceptions import (  # type: ignore[import-untyped]
    FileCreateError,
    FileSizeError,
)
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from tawny.errors import RequestError, StorageError
from tawny.model.zones import from_ms, instant_text, offset_ms, zone
from tawny.queries.columns import HEADER_LANGUAGES, Column, ColumnType

MAX_SHEET_ROWS = 1_048_576
"""Rows of a worksheet, the header row included: the format's limit."""

MAX_CELL_UNITS = 32_767
"""UTF-16 units of a text cell: the format's limit."""

_DAY_MS = 86_400_000
_SERIAL_1970 = 25_569
"""The day number the format gives to 1970-01-01."""

_FIRST_WALL_MS = (61 - _SERIAL_1970) * _DAY_MS
"""1900-03-01T00:00 on the wall. Before it, spreadsheets disagree on day numbers, because the
format counts a 29 February 1900."""

_LAST_WALL_MS = (2_958_466 - _SERIAL_1970) * _DAY_MS - 1
"""The end of 9999-12-31 on the wall, the format's last day."""

# The same document date in every file: the same rows make the same bytes.
_DOCUMENT_DATE = datetime(2000, 1, 1)  # noqa: DTZ001 - the library takes it as UTC

_WIDTHS = {
    ColumnType.ID: 22,
    ColumnType.IDENTIFIER: 24,
    ColumnType.TEXT: 24,
    ColumnType.ENUM: 16,
    ColumnType.URL: 36,
    ColumnType.TIMESTAMP: 24,
    ColumnType.DURATION: 12,
    ColumnType.INTEGER: 12,
    ColumnType.PERCENT: 12,
    ColumnType.BOOLEAN: 10,
    ColumnType.ID_LIST: 22,
    ColumnType.TEXT_LIST: 24,
}

_MAX_HEADER_WIDTH = 40

_CONTROL = "\x00-\x08\x0b-\x1f\ufffe\uffff"

# `_x0041_` in a cell means the character U+0041, so an underscore that would begin such a
# group is itself written as one, also where an escaped control character ends the group.
_LITERAL_ESCAPE = re.compile(f"_(?=x[0-9a-fA-F]{{4}}[_{_CONTROL}])")
_CONTROL_CHARACTER = re.compile(f"[{_CONTROL}]")


class _TextWorksheet(Worksheet):  # type: ignore[misc]
    """A worksheet on which every text is a text.

    The library takes a text from `<r>` to `</r>` for ready-made markup and copies it into the
    sheet, and misses escapes that share an underscore; here both are plain characters.
    """

    def _xml_rich_inline_string(self, string: str, attributes: Any = ()) -> None:
        self._xml_inline_string(string, True, attributes)

    @staticmethod
    def _escape_control_characters(data: Any) -> Any:
        if not isinstance(data, str):
            return data
        data = _LITERAL_ESCAPE.sub("_x005F_", data)
        return _CONTROL_CHARACTER.sub(lambda found: f"_x{ord(found[0]):04X}_", data)


@contextlib.contextmanager
def open_book(path: Path, title: str, time_zone: str) -> Iterator[Book]:
    """A workbook that the rows of one export or of several go into; the file is whole when it is
    left, and gone when it is left with an error.

    Timestamps become date-times in the local time of `time_zone` (IANA name). Memory does not grow
    with the rows; the space they need on the way is in the folder of `path`. The same rows make the
    same bytes.
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix=".tawny-xlsx-", dir=path.parent) as folder,
            _Output(path) as output,
        ):
            options = {"constant_memory": True, "tmpdir": folder, "use_zip64": True}
            workbook = Workbook(output, options)
            workbook.set_properties(
                {
                    "title": title,
                    "comments": f"Times are local times of {time_zone}.",
                    "created": _DOCUMENT_DATE,
                }
            )
            try:
                yield Book(workbook, time_zone)
                workbook.close()
            finally:
                # A workbook given up half-way keeps the files of its sheets open.
                for sheet in workbook.worksheets():
                    with contextlib.suppress(OSError):
                        sheet._opt_close()
    except (OSError, FileCreateError, FileSizeError) as error:
        cause = error.args[0] if isinstance(error, FileCreateError) else error
        raise StorageError(
            "{path}: cannot be written ({error}); free some space or choose another folder",
            path=path,
            error=cause,
        ) from error


class Book:
    """An open workbook, filled sheet after sheet."""

    def __init__(self, workbook: Workbook, time_zone: str) -> None:
        self._workbook = workbook
        self._time_zone = time_zone

    def add(
        self,
        columns: Sequence[Column],
        header_style: str,
        batches: Iterator[pa.RecordBatch],
        title: str,
        *,
        key: Sequence[Column] = (),
        cut: Callable[[str], None] | None = None,
        max_sheet_rows: int = MAX_SHEET_ROWS,
    ) -> int:
        """Write the rows of an export on sheets of their own and return their number.

        `batches` have the columns of `columns` and `key` by key, typed as `ARROW_TYPES`. Timestamps
        are written without their offset, to the millisecond; one that the format cannot hold
        (before 1900-03-01, after 9999) becomes its text with offset. Lists are joined as in CSV.
        Texts and ids are always text cells. Rows go on to a sheet `title (2)` and further when
        `max_sheet_rows`, header included, are full.

        A text that no cell holds raises `RequestError`, which names the row by the columns `key`;
        with `cut` the cell has its beginning and says so, and `cut` is called with the key of its
        column.
        """
        sheets = _Sheets(
            self._workbook, columns, header_style, self._time_zone, title, max_sheet_rows
        )
        sheets.name_rows_by(key, cut)
        for batch in batches:
            sheets.write(batch)
        return sheets.finish()


class _Output:
    """The file the archive goes to; it raises its first failure when it is left.

    An archive that meets an error keeps its file and tries to finish when it is collected, after
    the error was handled, and what fails then is printed as a traceback. So nothing raises in
    between, and what comes after the end is ignored.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._error: OSError | None = None
        self._position = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self._file.close()
        except OSError as error:
            self._error = self._error or error
        if kind or self._error:
            self._path.unlink(missing_ok=True)
        if self._error and not kind:
            raise self._error

    def write(self, data: bytes) -> int:
        self._try(lambda: self._file.write(data))
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> int:
        self._try(lambda: self._file.seek(position))
        self._position = position
        return position

    def _try(self, step: Callable[[], int]) -> None:
        if self._error is None and not self._file.closed:
            try:
                step()
            except OSError as error:
                self._error = error

    def flush(self) -> None:
        """The file is flushed when it is left."""


class _Sheets:
    """The sheets of one workbook, filled one after the other."""

    def __init__(
        self,
        workbook: Workbook,
        columns: Sequence[Column],
        header_style: str,
        time_zone: str,
        title: str,
        max_sheet_rows: int,
    ) -> None:
        self._workbook = workbook
        self._columns = columns
        self._headers = [column.headers[header_style] for column in columns]
        self._zone = zone(time_zone)
        self._title = title
        self._max_sheet_rows = max_sheet_rows
        self._total = 0
        self._sheets = 0
        self._bold = workbook.add_format({"bold": True})
        self._date_time = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        self._one_decimal = workbook.add_format({"num_format": "0.0"})
        writers: dict[ColumnType, Callable[[int, Any], None]] = {
            ColumnType.TIMESTAMP: self._write_timestamp,
            ColumnType.DURATION: self._write_number,
            ColumnType.INTEGER: self._write_number,
            ColumnType.PERCENT: self._write_percent,
            ColumnType.BOOLEAN: self._write_boolean,
            ColumnType.ID_LIST: self._write_list,
            ColumnType.TEXT_LIST: self._write_list,
        }
        self._writers = [writers.get(column.type, self._write_text) for column in columns]
        self._sheet = self._next_sheet()
        self._is_french = HEADER_LANGUAGES[header_style] == "fr"

    def name_rows_by(self, key: Sequence[Column], cut: Callable[[str], None] | None) -> None:
        """The columns by which a refusal names a row, and whether long texts are cut instead."""
        self._key = key
        self._cut = cut

    def write(self, batch: pa.RecordBatch) -> None:
        self._batch = batch
        values = [self._values(batch, column) for column in self._columns]
        for place, record in enumerate(zip(*values, strict=True)):
            if self._row + 1 == self._max_sheet_rows:
                self._end_sheet()
                self._sheet = self._next_sheet()
            self._row += 1
            self._total += 1
            self._place = place
            for index, (value, write) in enumerate(zip(record, self._writers, strict=True)):
                if value is not None:
                    write(index, value)

    def finish(self) -> int:
        """Complete the last sheet; how many rows there are in all."""
        self._end_sheet()
        return self._total

    def _next_sheet(self) -> Worksheet:
        self._sheets += 1
        name = _sheet_name(self._title, self._sheets)
        sheet = self._workbook.add_worksheet(name, _TextWorksheet)
        sheet.freeze_panes(1, 0)
        for index, (column, header) in enumerate(zip(self._columns, self._headers, strict=True)):
            # Room for the header and the button of the filter beside it.
            width = max(_WIDTHS[column.type], min(len(header) + 4, _MAX_HEADER_WIDTH))
            sheet.set_column(index, index, width)
            sheet.write_string(0, index, header, self._bold)
        self._row = 0
        return sheet

    def _end_sheet(self) -> None:
        self._sheet.autofilter(0, 0, self._row, len(self._columns) - 1)

    @staticmethod
    def _values(batch: pa.RecordBatch, column: Column) -> list[Any]:
        values = batch.column(column.key)
        if column.type is ColumnType.TIMESTAMP:
            # Milliseconds since 1970.
            values = values.cast(pa.int64())
        return values.to_pylist()

    def _write_text(self, index: int, text: str) -> None:
        if not text:
            return
        # A character takes at most two units, so most texts need no count.
        if len(text) > MAX_CELL_UNITS // 2:
            units = len(text.encode("utf-16-le")) // 2
            if units > MAX_CELL_UNITS:
                text = self._cut_text(index, text, units)
        self._sheet.write_string(self._row, index, text)

    def _cut_text(self, index: int, text: str, units: int) -> str:
        """The beginning of a text that no cell holds, with a mark that says so."""
        if self._cut is None:
            raise RequestError(
                "{row}, column {column!r}: found a text of {units:,} UTF-16 units, a spreadsheet "
                "cell holds at most {most:,}; choose CSV, JSONL or Parquet, or have such texts cut "
                "(--long-cells cut)",
                row=", ".join(f"{column.key} {self._key_text(column)}" for column in self._key),
                column=self._headers[index],
                units=units,
                most=MAX_CELL_UNITS,
            )
        self._cut(self._columns[index].key)
        mark = f" [… cut: {len(text)} characters]"
        if self._is_french:
            mark = f" [… coupé\N{NO-BREAK SPACE}: {len(text)} caractères]"
        room = (MAX_CELL_UNITS - len(mark)) * 2
        return text.encode("utf-16-le")[:room].decode("utf-16-le", errors="ignore") + mark

    def _key_text(self, column: Column) -> str:
        value = self._values(self._batch.slice(self._place, 1), column)[0]
        return instant_text(value) if column.type is ColumnType.TIMESTAMP else str(value)

    def _write_list(self, index: int, items: Sequence[str | None]) -> None:
        self._write_text(index, joined(items))

    def _write_number(self, index: int, number: int) -> None:
        self._sheet.write_number(self._row, index, number)

    def _write_percent(self, index: int, number: float) -> None:
        self._sheet.write_number(self._row, index, number, self._one_decimal)

    def _write_boolean(self, index: int, value: bool) -> None:
        self._sheet.write_boolean(self._row, index, value)

    def _write_timestamp(self, index: int, instant_ms: int) -> None:
        wall_ms = instant_ms + offset_ms(instant_ms, self._zone)
        if _FIRST_WALL_MS <= wall_ms <= _LAST_WALL_MS:
            days = wall_ms / _DAY_MS + _SERIAL_1970
            self._sheet.write_number(self._row, index, days, self._date_time)
            return
        instant = from_ms(instant_ms)
        try:
            shown = instant.astimezone(self._zone)
        except OverflowError:
            # The local date is before the year 1 or after 9999 and has no text; the UTC one has.
            shown = instant
        self._write_text(index, shown.isoformat(timespec="milliseconds"))


def joined(items: Sequence[str | None]) -> str:
    r"""The text of a list cell: `;` between items, `\` before a `;` or `\` inside one.

    An unknown name is an empty item.
    """
    return ";".join((item or "").replace("\\", "\\\\").replace(";", "\\;") for item in items)


def _sheet_name(title: str, number: int) -> str:
    """A name the format allows: at most 31 characters, without `[]:*?/\\` or `'` at an end."""
    suffix = f" ({number})" if number > 1 else ""
    name = re.sub(r"[\[\]:*?/\\]", " ", title)[: 31 - len(suffix)].strip(" '")
    return (name or "export") + suffix
