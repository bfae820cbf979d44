"""The formula guard: what is guarded, and that it is undone exactly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tawny.exports.guard as module
from tawny.errors import RequestError, StorageError, UnreadableInputError
from tawny.exports.columns import Column, ColumnType
from tawny.exports.guard import GUARD_PATTERN, GUARDED_TYPES, guard, unguard, unguard_file


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
LAYOUTS: dict[tuple[str, ...], Sequence[Column]] = {HEADER: COLUMNS, ("Other",): COLUMNS[:1]}
BOM = b"\xef\xbb\xbf"

TEXTS = st.text(st.sampled_from("'=+-@\t\r\n＝＋－＠ ax,;\"\\é😀")) | st.text()


@pytest.mark.parametrize(
    ("text", "guarded"),
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
def test_guarded_texts(text: str, guarded: str) -> None:
    assert guard(text) == guarded
    assert unguard(guarded) == text


@given(TEXTS)
@example("'=")
@example("''")
def test_unguard_is_the_exact_inverse(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not re.match(r"[=+\-@\t\r\n＝＋－＠]", guard(text))


@given(st.lists(TEXTS.filter(lambda text: "\0" not in text), min_size=1, max_size=50))
def test_the_pattern_means_the_same_to_the_query_engine(texts: list[str]) -> None:
    rows = duckdb.execute(
        "SELECT CASE WHEN regexp_matches(t, $pattern) THEN '''' || t ELSE t END"
        " FROM (SELECT unnest($texts) AS t)",
        {"pattern": GUARD_PATTERN, "texts": texts},
    ).fetchall()
    assert [text for (text,) in rows] == [guard(text) for text in texts]


def test_only_what_others_typed_is_guarded() -> None:
    assert {kind.value for kind in GUARDED_TYPES} == {"text", "enum", "url", "text-list"}


def written(rows: Sequence[Sequence[str]], *, end: str = "\r\n", guards: bool = True) -> bytes:
    """A file of the `excel` dialect, or the same file without its guards."""
    lines = [",".join(HEADER)]
    for row in rows:
        cells = [
            guard(cell) if guards and one.type in GUARDED_TYPES else cell
            for one, cell in zip(COLUMNS, row, strict=True)
        ]
        lines.append(",".join(map(quoted, cells)))
    return BOM + "".join(line + end for line in lines).encode()


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\r\n') else cell


def test_a_file_byte_for_byte(tmp_path: Path) -> None:
    source = tmp_path / "excel.csv"
    source.write_bytes(
        BOM + b"Id,Text,Score,Names,Ids\r\n"
        b"'=id,'@ann,-1,'=a;b,'=x\r\n"
        b'@id,"\'@said ""hi"",\n=2",,\'\'+c,"-x,y"\r\n'
        b'"quoted","\'needless",7,"\'-no comma",\r\n'
        b"last,'\xef\xbc\xa0wide,,'plain,''"
    )
    target = tmp_path / "bare.csv"
    assert unguard_file(source, target, LAYOUTS) == 6
    assert target.read_bytes() == (
        BOM + b"Id,Text,Score,Names,Ids\r\n"
        b"'=id,@ann,-1,=a;b,'=x\r\n"
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
    rows=st.lists(st.lists(TEXTS, min_size=5, max_size=5), max_size=8),
    chunk=st.integers(min_value=1, max_value=40),
    end=st.sampled_from(["\r\n", "\n"]),
)
def test_any_file_at_any_chunk_border(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], chunk: int, end: str
) -> None:
    folder = tmp_path_factory.mktemp("guard")
    source, target = folder / "excel.csv", folder / "bare.csv"
    source.write_bytes(written(rows, end=end))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK_BYTES", chunk)
        unguard_file(source, target, LAYOUTS)
    assert target.read_bytes() == written(rows, end=end, guards=False)


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
            BOM + b"Id;Text;Score;Names;Ids\r\n",
            RequestError,
            "its first row is not the header row of an export (found 'Id;Text;Score;Names;Ids');"
            " give a comma-separated file written with --dialect excel, header row unchanged",
        ),
        (
            BOM + b"Id,Text,Names,Score,Ids\r\n",
            RequestError,
            "its first row is not the header row of an export (found 'Id', 'Text', 'Names' and 2"
            " more); give a comma-separated file written with --dialect excel, header row"
            " unchanged",
        ),
        (
            BOM,
            RequestError,
            "its first row is not the header row of an export (found '');"
            " give a comma-separated file written with --dialect excel, header row unchanged",
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
