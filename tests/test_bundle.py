"""Several exports of one state of the log as one file, on the command line: an archive or a
workbook, compared with each other, made again from its receipt."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path

import frictionless
import openpyxl  # type: ignore[import-untyped]
import pytest

from commands import Json, ndjson, tawny
from tawny.exports.bundle import receipts_in
from tawny.queries.catalogue import EXPORT_TYPES
from tawny.reading import verify
from tawny.reading.identities import IDENTITIES

MONTH = ("--from", "2026-06-01", "--to", "2026-07-01", "--tz", "Europe/Paris")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    events = folder / "events.ndjson"
    made = tawny(folder, "sample", "--conversations", "60", *MONTH[:4], "-o", str(events))
    assert made.status == 0, made.err
    assert tawny(folder / "home", "ingest", str(events)).status == 0
    return folder / "home"


def _bundle(home: Path, target: Path, *options: str) -> Json:
    result = tawny(home, "export", *options, *MONTH, "-o", str(target))
    assert (result.status, result.err) == (0, "")
    receipt: Json = json.loads(Path(f"{target}.receipt.json").read_text("utf-8"))
    return receipt


def test_an_archive_holds_files_receipts_and_a_data_package(home: Path, tmp_path: Path) -> None:
    receipt = _bundle(home, tmp_path / "all.zip", "all")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = archive.namelist()
        files = [f"{name}.csv" for name in EXPORT_TYPES]
        beside = [f"{name}.receipt.json" for name in files]
        assert names == [
            *(name for pair in zip(files, beside, strict=True) for name in pair),
            *("receipt.json", "datapackage.json"),
        ]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        archive.extractall(tmp_path / "out")
    assert frictionless.validate(tmp_path / "out" / "datapackage.json").valid
    # Each file and receipt is that of the export alone, as of the same moment.
    for name, of_file in zip(files, receipts_in(receipt), strict=True):
        export = name.removesuffix(".csv")
        alone = tmp_path / name
        as_of = ("--as-of", receipt["as_of"])
        assert tawny(home, "export", export, *MONTH, *as_of, "-o", str(alone)).status == 0
        assert (tmp_path / "out" / name).read_bytes() == alone.read_bytes(), export
        said = json.loads(Path(f"{alone}.receipt.json").read_text("utf-8"))
        assert of_file == said
        assert json.loads((tmp_path / "out" / f"{name}.receipt.json").read_text("utf-8")) == said
    inside = json.loads((tmp_path / "out" / "receipt.json").read_text("utf-8"))
    assert inside == {k: v for k, v in receipt.items() if k not in ("bytes", "sha256")}
    assert [check["name"] for check in receipt["checks"]] == [
        identity.name for identity in IDENTITIES if identity.is_between(EXPORT_TYPES)
    ]
    assert len(receipt["checks"]) == 9
    assert all(check["met"] for check in receipt["checks"])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("all.zip", ("all",)),
        ("all.xlsx", ("all",)),
        ("two.zip", ("users", "teams", "--format", "parquet")),
        ("excel.zip", ("contacts", "topics", "--dialect", "excel-semicolon", "--headers", "fr")),
    ],
)
def test_the_same_bytes_are_made_again_from_the_receipt(
    home: Path, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    _bundle(home, tmp_path / name, *options)
    again = tmp_path / f"again-{name}"
    result = tawny(
        home, "export", "--receipt", str(tmp_path / f"{name}.receipt.json"), "-o", str(again)
    )
    assert (result.status, result.err) == (0, "")
    assert again.read_bytes() == (tmp_path / name).read_bytes()


def test_a_file_that_came_out_otherwise_is_none(home: Path, tmp_path: Path) -> None:
    receipt = _bundle(home, tmp_path / "two.zip", "users", "teams")
    receipt["zlib_version"] = "0.9"
    receipt["sha256"] = "0" * 64
    changed = tmp_path / "changed.receipt.json"
    changed.write_text(json.dumps(receipt), "utf-8")
    result = tawny(home, "export", "--receipt", str(changed), "-o", str(tmp_path / "no.zip"))
    assert result.status == 1
    assert "files are compressed otherwise since (zlib 0.9 then, " in result.err
    assert not (tmp_path / "no.zip").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_workbook_has_a_sheet_for_each_export(home: Path, tmp_path: Path) -> None:
    receipt = _bundle(home, tmp_path / "all.xlsx", "all")
    book = openpyxl.load_workbook(tmp_path / "all.xlsx", read_only=True)
    assert book.sheetnames == list(EXPORT_TYPES)
    rows = {name: sum(1 for _ in book[name].rows) - 1 for name in EXPORT_TYPES}
    assert rows == {file["export"]: file["rows"] for file in receipt["files"]}
    assert receipt["rows"] == sum(rows.values())
    assert {"bytes", "sha256"}.isdisjoint(receipt["files"][0])


def test_exports_that_do_not_agree_are_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        verify,
        "IDENTITIES",
        tuple(
            dataclasses.replace(
                one,
                sql="SELECT 'r' AS row_key, 1 AS compared_left, 2 AS compared_right, 3 AS broken "
                "FROM response_times_whole LIMIT 1",
            )
            if one.name == "response-messages"
            else one
            for one in IDENTITIES
        ),
    )
    target = tmp_path / "all.zip"
    result = tawny(home, "export", "all", *MONTH, "-o", str(target))
    assert (result.status, result.err) == (
        4,
        "tawny: the exports do not agree: response-times: every Outbound Message ID is in messages "
        "(found 1 and 2; wrong: 3)\n",
    )
    assert target.exists()


def test_an_erased_contact_is_found_in_an_archive_and_a_workbook(tmp_path: Path) -> None:
    home = tmp_path / "home"
    at = "2026-06-04T09:00:00Z"
    events = [
        {"id": "1", "type": "conversation.created", "data": {
            "conversation_id": "c", "channel_id": "ch", "contact_id": "zelda"}},
        {"id": "2", "type": "message.created", "data": {
            "message_id": "m", "conversation_id": "c", "direction": "inbound", "content": "hi"}},
    ]  # fmt: skip
    head = {"specversion": "1.0", "source": "/e", "time": at}
    path = tmp_path / "events.ndjson"
    path.write_bytes(ndjson([head | event for event in events]))
    assert tawny(home, "ingest", str(path)).status == 0
    for name in ("some.zip", "some.xlsx", "none.zip"):
        types = ("teams", "users") if name == "none.zip" else ("messages", "teams")
        assert tawny(home, "export", *types, *MONTH, "-o", str(tmp_path / name)).status == 0
    erased = head | {"id": "3", "type": "contact.erased", "data": {"contact_id": "zelda"}}
    path.write_bytes(ndjson([erased]))
    assert tawny(home, "ingest", str(path)).status == 0
    result = tawny(home, "log", "compact")
    assert result.out.splitlines()[:-1] == [
        f"an erased contact is in it, delete it or export it again: {tmp_path / name}"
        for name in ("some.zip", "some.xlsx")
    ]


def test_a_bundle_that_cannot_be_made(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text("mine")
    result = tawny(home, "export", "all", *MONTH, "-o", str(file))
    assert (result.status, result.err) == (
        2,
        f"tawny: -o: found the file {file}; several types need a folder, or a file that ends in "
        ".zip or .xlsx\n",
    )
    result = tawny(
        home, "export", "all", *MONTH, "--format", "csv", "-o", str(tmp_path / "all.xlsx")
    )
    assert (result.status, result.err) == (
        2,
        "tawny: bundle: found 'workbook'; allowed for several exports with format xlsx, leave it "
        "out\n",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["file.csv"]
