"""The files of a run that is ready, as they are delivered: one, or those of a bundle."""

from __future__ import annotations

import contextlib
import posixpath
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tawny.deliveries.parcels import NameOf, OutgoingFile, Parcel
from tawny.exports.bundle import PACKAGE, has_package, package_text, receipt_of_file
from tawny.exports.file_kind import kind_of
from tawny.exports.formats.registry import file_format
from tawny.exports.receipt import receipt_path, request_of_receipt
from tawny.exports.request import ExportRequest
from tawny.scratch import scratch_file

WORKBOOK = "exports"
"""What a file of several exports has where others have their type."""


def delivered_types(request: ExportRequest) -> tuple[Sequence[str], str]:
    """The types of the files that are delivered of a request, and their ending."""
    if request.is_bundle and request.bundle == "zip":
        return request.export_types, file_format(request.format, request.dialect).ending
    return [WORKBOOK if request.is_bundle else request.export_type], kind_of(request).ending


def whole_file(parcel: Parcel) -> OutgoingFile:
    """What a run made as one file: several exports are an archive, or a workbook."""
    receipt, request = parcel.receipt, request_of_receipt(parcel.receipt)
    export_type = WORKBOOK if request.is_bundle else request.export_type
    name = parcel.name_of(export_type, kind_of(request).ending, receipt["sha256"])
    content = contextlib.nullcontext(parcel.path)
    return OutgoingFile(name, receipt["bytes"], receipt["sha256"], content, receipt)


def media_type_of(parcel: Parcel) -> str:
    """The media type of that file."""
    return kind_of(request_of_receipt(parcel.receipt)).media_type.partition(";")[0]


def package_name(names: Sequence[str]) -> str:
    """Where the data package of some files is: in their deepest common folder."""
    folders = [posixpath.dirname(name) for name in names]
    common = posixpath.commonpath(folders) if all(folders) else ""
    return posixpath.join(common, PACKAGE)


def placed_names(names: Sequence[str]) -> list[str]:
    """What lies at a destination of files with these names: each with its receipt, and of several
    their data package, where there is one."""
    placed = [one for name in names for one in (name, str(receipt_path(Path(name))))]
    return [*placed, package_name(names)] if len(names) > 1 else placed


def outgoing_files(
    path: Path, receipt: Mapping[str, Any], name_of: NameOf, scratch: Path
) -> tuple[list[OutgoingFile], tuple[str, str] | None]:
    """The files of a run with their receipts, and the name and text of their data package."""
    request = request_of_receipt(receipt)
    types, ending = delivered_types(request)
    if not (request.is_bundle and request.bundle == "zip"):
        name = name_of(types[0], ending, receipt["sha256"])
        content = contextlib.nullcontext(path)
        return [OutgoingFile(name, receipt["bytes"], receipt["sha256"], content, receipt)], None
    files = [
        OutgoingFile(
            name_of(entry["export"], ending, entry["sha256"]),
            entry["bytes"],
            entry["sha256"],
            _taken_out(path, entry["file"], scratch),
            receipt_of_file(receipt, entry["export"]),
        )
        for entry in receipt["files"]
    ]
    if not has_package(receipt):
        return files, None
    package = package_name([file.name for file in files])
    base = posixpath.dirname(package)
    moved = [
        {**entry, "file": posixpath.relpath(file.name, base or ".")}
        for entry, file in zip(receipt["files"], files, strict=True)
    ]
    return files, (package, package_text({**receipt, "files": moved}))


@contextlib.contextmanager
def _taken_out(archive: Path, member: str, scratch: Path) -> Iterator[Path]:
    """A file of an archive, as long as the body runs."""
    work = scratch_file(scratch)
    try:
        with (
            zipfile.ZipFile(archive) as files,
            files.open(member) as source,
            work.open("wb") as into,
        ):
            shutil.copyfileobj(source, into, 1 << 20)
        yield work
    finally:
        with contextlib.suppress(OSError):
            work.unlink()
