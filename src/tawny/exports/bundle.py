"""Several exports of one state of the log as one file: an archive of them with their receipts and a
data package, or a workbook with a sheet each; or the same files in a folder.

The receipt of a bundle says of each file what that file's own receipt says, and what was found when
the exports were compared with each other. From it the same bytes are made again.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tawny.disk import flush, sha256_of, translated_os_errors
from tawny.engine.snapshot import View
from tawny.exports.datapackage import Resource, datapackage
from tawny.exports.formats.base import FileFormat, Written
from tawny.exports.formats.registry import file_format
from tawny.exports.formats.source import RowSource
from tawny.exports.formats.xlsx_files import add_sheet
from tawny.exports.receipt import (
    Receipt,
    check_same,
    receipt_path,
    receipt_text,
    replay_of_receipt,
    request_content,
)
from tawny.exports.request import ExportRequest, chosen_columns, parts_of, request_of_json, resolve
from tawny.exports.session import ExportSession, publish
from tawny.model.zones import instant_text
from tawny.private import as_users_own, make_users_folder
from tawny.queries.catalogue import query
from tawny.queries.columns import HEADER_LANGUAGES
from tawny.scratch import replaced_whole, scratch_folder, working_file

RECEIPT = "receipt.json"
PACKAGE = "datapackage.json"
"""What stands beside the files of the exports in an archive or a folder."""

_OF_FILE = ("from_utc", "to_utc", "events_after_as_of", "rows", "cut_cells", "bytes", "sha256")
"""What the receipts of the files of a bundle say each for itself."""

REVISION_OF, CHANGES = "revision_of", "changes"
"""What the receipt of a revision says beside what others do: the receipt of the one before, and
what is other in the rows."""

_OF_BUNDLE = ("zlib_version", "files", "checks")

_LEVEL = 6

Checks = Callable[[ExportSession, ExportRequest], list[dict[str, Any]]]
"""Compares the exports of a bundle with each other; what comes of it stands in the receipt."""

Revise = Callable[[dict[str, Any]], dict[str, Any]]
"""Says in a receipt what became of the file before it."""

Tell = Callable[[ExportRequest, Path, Receipt], None]
"""Is told of each file of a folder when it is whole."""


class OvertakenError(Exception):
    """A contact was erased while the files were made: the first ones hold more than the last."""


@dataclass(frozen=True, slots=True)
class _Part:
    request: ExportRequest
    file: str
    """The name of the file, or of the first sheet."""
    receipt: Receipt


class Bundle:
    """One request for several exports on its way to a file. Raises what `ExportSession.export`
    raises."""

    def __init__(
        self,
        session: ExportSession,
        request: ExportRequest,
        checks: Checks,
        again: Mapping[str, Any] | None = None,
        revise: Revise = lambda content: content,
    ) -> None:
        """With `again`, the receipt of a bundle, the file is the one of that receipt or none;
        otherwise `revise` adds to the receipts what is to be in them."""
        self._session = session
        self._request = request
        self._checks = checks
        self._again = again
        self._revise = revise
        self._requests = parts_of(request)
        self._done = 0
        self._format = file_format(request.format, request.dialect)

    def progress_percent(self) -> float:
        """How far it is, from another thread; checking counts as much as one more export."""
        part = max(0.0, self._session.progress_percent()) if self._done < len(self._requests) else 0
        return (100 * self._done + part) / (len(self._requests) + 1)

    def write(self, target: Path) -> dict[str, Any]:
        """Make the file; it appears under its name when it is whole, its receipt beside it.
        Returns the receipt."""
        self._session.check(self._request)
        work = working_file(target)
        try:
            with tempfile.TemporaryDirectory(
                prefix=f"export-{os.getpid()}-", dir=scratch_folder(self._session.home)
            ) as folder:
                if self._request.bundle == "workbook":
                    parts = self._started_again(lambda: self._sheets(work, Path(folder)))
                    content = self._content(parts)
                else:
                    parts = self._started_again(lambda: self._files(Path(folder)))
                    content = self._content(parts)
                    with translated_os_errors(str(work)):
                        _write_archive(work, Path(folder), content)
            with translated_os_errors(str(work)):
                content |= {"bytes": work.stat().st_size, "sha256": sha256_of(work)}
                flush(work)
            if self._again is not None:
                check_same(self._request, content["sha256"], replay_of_receipt(self._again))
            publish(work, target, receipt_text(content))
            return content
        finally:
            work.unlink(missing_ok=True)

    def write_folder(self, folder: Path, tell: Tell) -> dict[str, Any]:
        """Make the files in a folder, which is made where there is none; the data package comes
        last."""
        self._session.check(self._request)
        with translated_os_errors(str(folder)):
            make_users_folder(folder)
        names = (RECEIPT, PACKAGE)
        for name in names:
            (folder / name).unlink(missing_ok=True)
        content = self._content(self._started_again(lambda: self._files(folder, tell)))
        for name, text in _texts_beside(content):
            target = folder / name
            with translated_os_errors(str(target)), replaced_whole(target) as work:
                work.write_text(text, encoding="utf-8")
                as_users_own(work)
        return content

    def _started_again(self, make: Callable[[], list[_Part]]) -> list[_Part]:
        while True:
            try:
                return make()
            except OvertakenError:
                continue

    def _files(self, folder: Path, tell: Tell = lambda *_: None) -> list[_Part]:
        return self._each(
            lambda request: folder / f"{request.export_type}{self._format.ending}", None, tell
        )

    def _sheets(self, work: Path, folder: Path) -> list[_Part]:
        # A library that no other format waits for.
        from tawny.exports.formats.xlsx import open_book

        with open_book(work, "tawny", self._request.time_zone) as book:
            failed = False

            def write(source: RowSource, _path: Path) -> Written:
                nonlocal failed
                if failed:
                    raise OvertakenError
                failed = True
                rows, cut_cells = add_sheet(book, source)
                failed = False
                # A sheet has no bytes of its own; the workbook is compared as a whole.
                sha256 = "" if self._again is None else self._again["sha256"]
                return Written(rows, sha256, cut_cells)

            return self._each(
                lambda request: folder / request.export_type, replace(self._format, write=write)
            )

    def _each(
        self,
        path_of: Callable[[ExportRequest], Path],
        chosen_format: FileFormat | None,
        tell: Tell = lambda *_: None,
    ) -> list[_Part]:
        snapshot = self._session.snapshot
        parts: list[_Part] = []
        for number, request in enumerate(self._requests):
            self._done = number
            path = path_of(request)
            replay = None
            if self._again is not None:
                replay = replay_of_receipt(receipt_of_file(self._again, request.export_type))
            receipt = self._session.export(request, path, replay, chosen_format)
            tell(request, path, receipt)
            if self._session.snapshot is not snapshot and parts:
                raise OvertakenError
            snapshot = self._session.snapshot
            parts.append(_Part(request, path.name, receipt))
        self._done = len(parts)
        return parts

    def _content(self, parts: Sequence[_Part]) -> dict[str, Any]:
        """The receipt, but for the bytes of the file itself."""
        if self._again is not None:
            return {**self._again}
        session, request = self._session, self._request
        bounds = resolve(request, session.now_ms)
        receipts = [part.receipt for part in parts]
        has_files = request.bundle != "workbook"
        view: View = session.view(request, bounds, None)
        of_all = receipts[0].content() | {
            "request": request_content(request, view.content_media),
            "from_utc": None if bounds.from_ms is None else instant_text(bounds.from_ms),
            "to_utc": None if bounds.to_ms is None else instant_text(bounds.to_ms),
            "events_after_as_of": max(receipt.events_after_as_of for receipt in receipts),
            "rows": sum(receipt.rows for receipt in receipts),
            "cut_cells": sum(receipt.cut_cells for receipt in receipts),
            "completeness": [one.content() for one in session.completeness(view, bounds)],
        }
        files = []
        for part in parts:
            of_file = part.receipt.content()
            kept = _OF_FILE if has_files else _OF_FILE[:-2]
            files.append(
                {"export": part.request.export_type, "file": part.file}
                | {name: of_file[name] for name in kept}
            )
        return self._revise(
            of_all
            | {
                "zlib_version": zlib.ZLIB_RUNTIME_VERSION,
                "files": files,
                "checks": self._checks(session, request),
            }
        )


def receipt_of_file(bundle: Mapping[str, Any], export_type: str) -> dict[str, Any]:
    """The receipt of one file of a bundle, as it would be alone. Raises `KeyError` for an export
    that is not in it."""
    for entry in bundle["files"]:
        if entry["export"] == export_type:
            break
    else:
        raise KeyError(export_type)
    request = request_of_json(bundle["request"])
    part = next(one for one in parts_of(request) if one.export_type == export_type)
    of_file = (
        {name: value for name, value in bundle.items() if name not in _OF_BUNDLE}
        | {"request": request_content(part, bundle["request"]["content_media"])}
        | {name: entry[name] for name in (*_OF_FILE, CHANGES) if name in entry}
    )
    if before := of_file.get(REVISION_OF):
        of_file[REVISION_OF] = receipt_of_file(before, export_type)
    return of_file


def receipts_in(receipt: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The receipt of each file of a run, whether it is a bundle or not."""
    if "files" not in receipt:
        return [dict(receipt)]
    return [receipt_of_file(receipt, entry["export"]) for entry in receipt["files"]]


def _write_archive(work: Path, folder: Path, content: Mapping[str, Any]) -> None:
    """Write the archive: the same files make the same bytes. Each file is deleted once it is in."""
    chosen_format = file_format(content["request"]["format"], content["request"]["dialect"])
    with zipfile.ZipFile(work, "w") as archive:
        for entry in content["files"]:
            path = folder / entry["file"]
            info = _info(path.name, path.stat().st_size, compressed=chosen_format.is_text)
            with path.open("rb") as source, archive.open(info, "w") as into:
                while block := source.read(1 << 20):
                    into.write(block)
            path.unlink()
            of_file = receipt_of_file(content, entry["export"])
            _add_text(archive, receipt_path(path).name, receipt_text(of_file))
        for name, text in _texts_beside(content):
            _add_text(archive, name, text)


def _add_text(archive: zipfile.ZipFile, name: str, text: str) -> None:
    data = text.encode()
    with archive.open(_info(name, len(data), compressed=True), "w") as into:
        into.write(data)


def _info(name: str, size_bytes: int, *, compressed: bool) -> zipfile.ZipInfo:
    """A member of an archive; nothing of it depends on the clock or the machine."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = 0o644 << 16
    info.file_size = size_bytes  # so that room for a large one is made where it is one
    info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    info._compresslevel = _LEVEL  # type: ignore[attr-defined]
    return info


def _texts_beside(content: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """What stands beside the files, the data package last."""
    own = {name: value for name, value in content.items() if name not in ("bytes", "sha256")}
    yield RECEIPT, receipt_text(own)
    if has_package(content):
        yield PACKAGE, package_text(content)


def has_package(content: Mapping[str, Any]) -> bool:
    """Whether a data package stands beside the files of a bundle: not every format has one."""
    asked = content["request"]
    return file_format(asked["format"], asked["dialect"]).package is not None


def package_text(content: Mapping[str, Any]) -> str:
    """The data package of the files of a bundle, by its receipt."""
    request = request_of_json(content["request"])
    entries = {entry["export"]: entry for entry in content["files"]}
    package = datapackage(
        [_resource(part, entries[part.export_type]) for part in parts_of(request)],
        name="tawny-export",
        title="Tawny export",
        description=f"Exports of one state of the event log, from {request.start} to "
        f"{request.end}, time zone {request.time_zone}.",
        created=content["as_of"],
    )
    return json.dumps(package, ensure_ascii=False, indent=2) + "\n"


def _resource(request: ExportRequest, entry: Mapping[str, Any]) -> Resource:
    export = query(request.export_type)
    columns = chosen_columns(request)
    key = export.head.primary_key
    return Resource(
        export=request.export_type,
        path=entry["file"],
        format=request.format,
        columns=columns,
        header_style=request.headers,
        title=request.export_type,
        description=export.description[HEADER_LANGUAGES[request.headers]],
        bytes=entry["bytes"],
        sha256=entry["sha256"],
        rows=entry["rows"],
        primary_key=key if set(key) <= {column.key for column in columns} else (),
    )
