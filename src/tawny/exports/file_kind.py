"""What kind of file a request makes: its ending and its media type."""

from __future__ import annotations

from dataclasses import dataclass

from tawny.exports.formats.registry import file_format
from tawny.exports.request import ExportChoices


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file."""

    ending: str
    media_type: str


ARCHIVE = FileKind(".zip", "application/zip")
"""What the files of several exports are put into, each in the format of the request."""


def kind_of(request: ExportChoices) -> FileKind:
    """The kind of file of a request. Raises `RequestError` for a format there is not."""
    chosen = file_format(request.format, request.dialect)
    if request.is_bundle and request.bundle == "zip":
        return ARCHIVE
    return FileKind(chosen.ending, chosen.media_type)
