"""The formula guard: what is guarded, and that it is undone exactly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tawny.exports.formats.guarded_file as module
from tawny.engine.cells import TEXT_VALUES, guarded
from tawny.errors import RequestError, StorageError, UnreadableInputError
from tawny.exports.formats.guarded_file import unguard_file
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.queries.columns import HEADER_STYLES, Column, ColumnType
from tawny.queries.guard import (
    GUARDS,
    ID_KEPT_PATTERN,
    MAX_LITERAL,
    Guard,
    guard,
    unguard,
)


def column(key: str, kind: ColumnType) -> Column:
    return Column(key, kind, "", {"en": key}, {"en": ""}, "")


COLUMNS = [
    column("Id", ColumnType.ID),
    column("Text", ColumnType.TEXT),
    column("Score", ColumnType.INTEGER),
    column("Names", ColumnType.TEXT_LIST),
    column("Ids", ColumnType.ID_LIST),
]
HEADER = tuple(one.key for one in COLUMNS)
OTHER = [column("Other", ColumnType.ID)]
LAYOUTS: list[Sequence[Column]] = [OTHER, COLUMNS]
BOM = b"\xef\xbb\xbf"

TEXTS = st.text(st.sampled_from("'=+-@\t\r\n＝＋－＠ ax,;\"\\é😀")) | st.text()

LIKE_NUMBERS = st.text(st.sampled_from("0123456789.,:/-+ eE%$€'\"=;#"), min_size=1)
IDS = (
    TEXTS
    | LIKE_NUMBERS
    | st.sampled_from(
        ["00012", "1E5", "2-3", "TRUE", "Faux", "mar-1", "=1+1", "+33612345678", "@a"]
    )
    | st.integers(250, 260).map(lambda count: "=" + "0" * (count - 1))
    | st.integers(250, 260).map(lambda count: "'" * 3 + "1" * (count - 3))
    | st.integers(250, 260).map(lambda count: "'" + "a" * (count - 1))
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@ann hello", "'@ann hello"),
        ("'@ann hello", "''@ann hello"),
        ("=1+1", "'=1+1"),
        ("+32 470", "'+32 470"),
        ("-", "'-"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠a", "'＠a"),
        ("''''=", "'''''="),
        ("", ""),
        ("'", "'"),
        ("'quoted'", "'quoted'"),
        (" =1", " =1"),
        ("a\n=1", "a\n=1"),
        ("1-2", "1-2"),
    ],
)
def test_guarded_texts(text: str, shown: str) -> None:
    assert guard(text) == shown
    assert unguard(shown) == text


@given(TEXTS)
@example("'=")
@example("''")
def test_unguard_is_the_exact_inverse(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not re.match(r"[=+\-@\t\r\n＝＋－＠]", guard(text))


CHANGED = (
    "00012", "0042", "00", "-0", "1.0", "1,5", "1.5", "12345678901234567890", "1234567890123456",
    "1E5", "1e5", "12e-3", "1d5", "2-3", "3/4", "2026-05-04", "04.05.2026", "2026-05-04T09:00:00Z",
    "1:30", "1:30 pm", "9 a", "1am", "TRUE", "false", "Vrai", "FAUX", "Wahr", "verdadero", "mar-1",
    "SEPT2", "1 janv. 2026", "2-août", "Mon 2 Mar 2026", "1 de marzo", "3月1日", "R8.3.1",
    "5%", "(5)", "€5", "5 €", "$5", "EUR 5", "5 kr", "1 1/2", "1 000", "１２", "٣", "#N/A", "#REF!",
    " 00012", "00012 ", "1;2", "2-3;4",
)  # fmt: skip
"""Ids that some spreadsheet takes for something else."""

RUN = ("=1+1", "+33612345678", "@handle", "-x", "\t=1", "\r", "＝1", "＠a", "'=1", '="00012"')
"""Ids that a spreadsheet runs, and those that look like what guards them."""

KEPT = (
    "c-1", "conv-7", "m1", "r1", "zoé", "0", "7", "123456789012345", "team_1", "1_000", "1a2b",
    "12345678901234567890-r", "550e8400-e29b-41d4-a716-446655440000", "may", "'00012x", "", "ab;c",
    "contact-0001", "deadbeef", "a=1", "x@y.example", "b'c", "C-2026-05",
)  # fmt: skip
"""Ids that no spreadsheet changes: they stay as they are."""


@pytest.mark.parametrize("text", [*CHANGED, *RUN])
def test_an_id_that_would_change_or_run_is_a_literal(text: str) -> None:
    literal = guard(text, Guard.ID)
    assert literal == '="' + text.replace('"', '""') + '"'
    assert unguard(literal, Guard.ID) == text


@pytest.mark.parametrize("text", KEPT)
def test_other_ids_stay(text: str) -> None:
    assert guard(text, Guard.ID) == text


def test_an_id_too_long_for_a_literal() -> None:
    assert guard("=" + "x" * 254, Guard.ID) == '="=' + "x" * 254 + '"'
    assert guard("=" + "x" * 255, Guard.ID) == "'=" + "x" * 255
    assert guard("0" * 256, Guard.ID) == "'" + "0" * 256
    assert guard("x" * 256, Guard.ID) == "x" * 256


@given(IDS)
@example('="x"')
@example("'" + "0" * 256)
@example("'" + "0" * 255)
@example("'" + "0" * 254)
def test_unguard_is_the_exact_inverse_for_ids(text: str) -> None:
    shown = guard(text, Guard.ID)
    assert unguard(shown, Guard.ID) == text
    if re.match(r"[=+\-@\t\r\n＝＋－＠]", shown):
        assert re.fullmatch(r'="(?:[^"]|"")*"', shown)
        assert len(text) <= MAX_LITERAL
    elif shown == text and re.search("[0-9]", text) and not re.search(r"[^\W\d]", text):
        assert re.fullmatch(ID_KEPT_PATTERN, text)


@given(
    st.lists(
        (TEXTS | IDS).filter(lambda text: not set(text) & set("\0İıſK")), min_size=1, max_size=50
    )
)
@pytest.mark.parametrize("how", Guard)
def test_the_query_engine_guards_in_the_same_way(how: Guard, texts: list[str]) -> None:
    """But for capitals: Python takes a Turkish i and a Kelvin sign for an i and a k."""
    sql = guarded("t", how)
    rows = duckdb.execute(
        f"SELECT {sql} FROM (SELECT unnest($texts) AS t)",
        {"texts": texts} | {name: text for name, text in TEXT_VALUES.items() if f"${name}" in sql},
    ).fetchall()
    assert [text for (text,) in rows] == [guard(text, how) for text in texts]


def test_what_is_guarded_and_how() -> None:
    assert {kind.value: how.value for kind, how in GUARDS.items()} == {
        **{"id": "id", "identifier": "id", "id-list": "id"},
        **{"text": "text", "enum": "text", "url": "text", "text-list": "text"},
    }
    identifiers = {
        column.key
        for name in EXPORT_TYPES
        for column in query(name).columns
        if column.type is ColumnType.IDENTIFIER
    }
    assert all(key.endswith(("_identifier", "_reference")) for key in identifiers)
    assert len(identifiers) == 9


def test_a_header_says_alone_how_its_column_isguarded() -> None:
    """So that a file with some of an export's columns can be read whatever export it is of."""
    seen: dict[str, Guard | None] = {}
    for name in EXPORT_TYPES:
        for one in query(name).columns:
            for style in HEADER_STYLES:
                how = GUARDS.get(one.type)
                assert seen.setdefault(one.headers[style], how) is how, one.headers[style]


def written(
    rows: Sequence[Sequence[str]],
    *,
    end: str = "\r\n",
    guards: bool = True,
    delimiter: str = ",",
    columns: Sequence[Column] = COLUMNS,
) -> bytes:
    """A file of a dialect for spreadsheets, or the same file without its guards."""
    lines = [delimiter.join(one.key for one in columns)]
    for row in rows:
        cells = [
            guard(cell, GUARDS[one.type]) if guards and one.type in GUARDS else cell
            for one, cell in zip(columns, row, strict=True)
        ]
        lines.append(delimiter.join(quoted(cell, delimiter) for cell in cells))
    return BOM + "".join(line + end for line in lines).encode()


def quoted(cell: str, delimiter: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(delimiter + '"\r\n') else cell


def test_a_file_byte_for_byte(tmp_path: Path) -> None:
    source = tmp_path / "excel.csv"
    source.write_bytes(
        BOM + b"Id,Text,Score,Names,Ids\r\n"
        b'"=""00012""",\'@ann,-1,\'=a;b,\'=x\r\n'
        b'@id,"\'@said ""hi"",\n=2",,\'\'+c,"-x,y"\r\n'
        b'"quoted","\'needless",7,"\'-no comma",\r\n'
        b"last,'\xef\xbc\xa0wide,,'plain,''"
    )
    target = tmp_path / "bare.csv"
    assert unguard_file(source, target, LAYOUTS) == 7
    assert target.read_bytes() == (
        BOM + b"Id,Text,Score,Names,Ids\r\n"
        b"00012,@ann,-1,=a;b,'=x\r\n"
        b'@id,"@said ""hi"",\n=2",,\'+c,"-x,y"\r\n'
        b'"quoted","\'needless",7,-no comma,\r\n'
        b"last,\xef\xbc\xa0wide,,'plain,''"
    )
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bare.csv", "excel.csv"]


def test_a_file_may_be_its_own_target(tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    path.write_bytes(written([["1", "@ann", "", "", ""]]))
    assert unguard_file(path, path, LAYOUTS) == 1
    assert path.read_bytes() == written([["1", "@ann", "", "", ""]], guards=False)


@given(
    rows=st.lists(st.lists(IDS, min_size=5, max_size=5), max_size=8),
    chunk=st.integers(min_value=1, max_value=40),
    end=st.sampled_from(["\r\n", "\n"]),
    delimiter=st.sampled_from(",;"),
    some=st.lists(st.booleans(), min_size=5, max_size=5).filter(lambda some: sum(some) > 1),
)
def test_any_file_at_any_chunk_border(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    chunk: int,
    end: str,
    delimiter: str,
    some: list[bool],
) -> None:
    """Any texts in any columns, whatever stands between them."""
    folder = tmp_path_factory.mktemp("guard")
    source, target = folder / "excel.csv", folder / "bare.csv"
    columns = [one for one, chosen in zip(COLUMNS, some, strict=True) if chosen]
    rows = [[one for one, chosen in zip(row, some, strict=True) if chosen] for row in rows]
    like: dict[str, Any] = {"end": end, "delimiter": delimiter, "columns": columns}
    source.write_bytes(written(rows, **like))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK_BYTES", chunk)
        patch.setattr(module, "_HEAD_BYTES", 30 + chunk)
        unguard_file(source, target, LAYOUTS)
    assert target.read_bytes() == written(rows, guards=False, **like)


def test_a_file_of_one_column(tmp_path: Path) -> None:
    source, target = tmp_path / "one.csv", tmp_path / "bare.csv"
    source.write_bytes(BOM + b'Id\r\n"=""00012"""\r\na,b\r\nc;d\r\n"=""1,2"""\r\n"=""1;2"""')
    assert unguard_file(source, target, LAYOUTS) == 3
    assert target.read_bytes() == BOM + b'Id\r\n00012\r\na,b\r\nc;d\r\n"1,2"\r\n"1;2"'


def test_an_empty_export_and_blank_lines_stay(tmp_path: Path) -> None:
    for content in (BOM + ",".join(HEADER).encode(), written([]), written([]) + b"\r\n\r\n"):
        source = tmp_path / "excel.csv"
        source.write_bytes(content)
        assert unguard_file(source, tmp_path / "bare.csv", LAYOUTS) == 0
        assert (tmp_path / "bare.csv").read_bytes() == content


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        (
            b"Id,Text,Score,Names,Ids\n1,'@a,,,\n",
            RequestError,
            "found no byte order mark at its start, so it was not written with --dialect excel and"
            " holds no guards; use it as it is",
        ),
        (
            BOM + b"Id|Text|Score|Names|Ids\r\n",
            RequestError,
            "its first row is not the header row of an export (found 'Id|Text|Score|Names|Ids');"
            " give a file written with --dialect excel or excel-semicolon, header row unchanged",
        ),
        (
            BOM + b"Id,Text,Names,Score,Ids\r\n",
            RequestError,
            "its first row is not the header row of an export (found 'Id', 'Text', 'Names' and 2"
            " more); give a file written with --dialect excel or excel-semicolon, header row"
            " unchanged",
        ),
        (
            BOM,
            RequestError,
            "its first row is not the header row of an export (found '');"
            " give a file written with --dialect excel or excel-semicolon, header row unchanged",
        ),
        (
            written([]) + b"1,2,3\r\n",
            UnreadableInputError,
            "record 2 has 3 cells, the header row has 5; export the file again",
        ),
        (
            written([]) + b'1,"never closed,,,\r\n',
            UnreadableInputError,
            "a cell is not quoted as CSV asks, near '\"never closed,,,\\r\\n'; export the file"
            " again",
        ),
        (
            written([]) + b'1,in the "middle",,,\r\n',
            UnreadableInputError,
            "a cell is not quoted as CSV asks, near 'in the \"middle\",,,\\r\\n'; export the file"
            " again",
        ),
        (
            written([]) + b'1,"behind" it,,,\r\n',
            UnreadableInputError,
            "a cell is not quoted as CSV asks, near '\"behind\" it,,,\\r\\n'; export the file"
            " again",
        ),
        (
            written([]) + b"1,'@\xff,,,\r\n",
            UnreadableInputError,
            "record 2 is not UTF-8; give the file as --dialect excel wrote it",
        ),
    ],
)
def test_a_wrong_file_leaves_the_target_alone(
    tmp_path: Path, content: bytes, error: type[RequestError], text: str
) -> None:
    source, target = tmp_path / "excel.csv", tmp_path / "bare.csv"
    source.write_bytes(content)
    target.write_bytes(b"old")
    with pytest.raises(RequestError) as raised:
        unguard_file(source, target, LAYOUTS)
    assert type(raised.value) is error
    assert str(raised.value) == f"{source}: {text}"
    assert target.read_bytes() == b"old"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bare.csv", "excel.csv"]


def test_a_missing_file_and_a_missing_folder(tmp_path: Path) -> None:
    missing = tmp_path / "missing.csv"
    with pytest.raises(UnreadableInputError) as raised:
        unguard_file(missing, tmp_path / "bare.csv", LAYOUTS)
    assert str(raised.value) == (
        f"{missing}: cannot be read (No such file or directory); give a CSV file written with"
        " --dialect excel"
    )
    with pytest.raises(UnreadableInputError, match="cannot be read \\(Is a directory\\)"):
        unguard_file(tmp_path, tmp_path / "bare.csv", LAYOUTS)
    source = tmp_path / "excel.csv"
    source.write_bytes(written([]))
    target = tmp_path / "nowhere" / "bare.csv"
    with pytest.raises(StorageError) as refused:
        unguard_file(source, target, LAYOUTS)
    assert str(refused.value) == (
        f"{target}: cannot be written (No such file or directory); free some space or choose"
        " another folder"
    )


def test_memory_does_not_grow_with_a_broken_file(tmp_path: Path) -> None:
    source = tmp_path / "excel.csv"
    source.write_bytes(written([]) + b'1,a"' + b"x" * (8 << 20))
    reader_calls = 0
    read = module._read

    def counted(*arguments: object) -> bytes:
        nonlocal reader_calls
        reader_calls += 1
        return read(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_read", counted)
        with pytest.raises(UnreadableInputError):
            unguard_file(source, tmp_path / "bare.csv", LAYOUTS)
    assert reader_calls == 2  # the byte order mark and the first chunk
