"""The receipt beside each file: what it is, enough to check it and to make it again."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tawny import __version__
from tawny.completeness.rule import Completeness
from tawny.engine.base import EngineName
from tawny.engine.log_facts import NewestEvent
from tawny.errors import FailureError, RequestError
from tawny.exports.formats.registry import file_format
from tawny.exports.request import Bounds, ExportRequest, request_json, request_of_json
from tawny.model.zones import TZDATA_VERSION, instant_text
from tawny.queries.catalogue import definition_version
from tawny.text import Text, joined

RECEIPT_FORMAT = 1

FEED = "feed"
"""What the receipt of a file of changes says beside what others do: from where to where it leads.
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a file is: enough to check it and to make it again."""

    request: ExportRequest
    bounds: Bounds
    content_media: Sequence[str] | None
    log_version: int
    rows: int
    size_bytes: int
    sha256: str
    newest: Sequence[NewestEvent]
    """Per channel."""
    completeness: Sequence[Completeness]
    """Per channel."""
    cut_cells: int
    events_after_as_of: int
    """How many events of the families it reads are dated later: they do not exist for it."""
    engine: EngineName = "duckdb"
    """What made the rows; the bytes do not depend on it."""

    def content(self) -> dict[str, Any]:
        """What the `.receipt.json` file holds."""
        bounds = self.bounds
        return {
            "receipt_format": RECEIPT_FORMAT,
            "tawny_version": __version__,
            "request": request_content(self.request, self.content_media),
            "from_utc": None if bounds.from_ms is None else instant_text(bounds.from_ms),
            "to_utc": None if bounds.to_ms is None else instant_text(bounds.to_ms),
            "as_of": instant_text(bounds.as_of_ms),
            "log_version": self.log_version,
            "definition_version": definition_version(),
            "dialect_version": _dialect_version(self.request),
            "time_zone_data": TZDATA_VERSION,
            "engine": self.engine,
            "events_after_as_of": self.events_after_as_of,
            "rows": self.rows,
            "cut_cells": self.cut_cells,
            "bytes": self.size_bytes,
            "sha256": self.sha256,
            "newest_event_per_channel": [
                {"channel_id": one.channel_id, "name": one.name, "time": instant_text(one.time_ms)}
                for one in self.newest
            ],
            "completeness": [one.content() for one in self.completeness],
        }

    def to_json(self) -> str:
        """The text of the `.receipt.json` file."""
        return receipt_text(self.content())


def request_content(request: ExportRequest, media: Sequence[str] | None) -> dict[str, Any]:
    """What a receipt says of the request; `media` are those whose message contents are shown."""
    # The instant it was resolved to stands in the receipt, also where none was asked for.
    left_out = {"as_of", "remakes", "corrects", "content"} | (
        set() if request.is_bundle else {"exports", "bundle"}
    )
    if request.changes is None:
        left_out |= {"changes", "since"}
    asked = {name: value for name, value in request_json(request).items() if name not in left_out}
    return asked | {"content_media": None if media is None else list(media)}


def receipt_text(content: Mapping[str, Any]) -> str:
    """The text of the file that holds a receipt."""
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


class Replay(msgspec.Struct, frozen=True):
    """What a receipt fixes for a second run: the state of the log and what must come out."""

    log_version: int
    content_media: tuple[str, ...] | None
    sha256: str
    definition_version: str
    time_zone_data: str
    dialect_version: int = 1
    """Older receipts do not say it."""
    zlib_version: str | None = None
    """Of what the files of a bundle are compressed with."""


def replay_of_receipt(content: Mapping[str, Any]) -> Replay:
    """What the content of a receipt fixes. Raises `ValueError` or `KeyError` for no receipt."""
    media = content["request"]["content_media"]
    return msgspec.convert({**content, "content_media": media}, Replay)


def request_of_receipt(content: Mapping[str, Any]) -> ExportRequest:
    """The request that makes the file of a receipt again. Raises `ValueError` for no receipt."""
    return request_of_json(content["request"] | {"as_of": content["as_of"]})


def erasures_version(receipt: Mapping[str, Any]) -> int:
    """Up to which version of the log nobody who was erased is in the file of a receipt. A file of
    changes says it for itself: it may be made again of an older state."""
    known = receipt.get(FEED, {}).get("erasures_version")
    return int(receipt["log_version"] if known is None else known)


def changed_since(request: ExportRequest, replay: Replay) -> list[Text]:
    """What has changed since a receipt was written, so that its file may not come out the same."""
    reasons = []
    if replay.definition_version != definition_version():
        reasons.append(
            Text("the definitions have changed since ({then} then, {now} now)",
                 then=replay.definition_version, now=definition_version())
        )  # fmt: skip
    if replay.time_zone_data != TZDATA_VERSION:
        reasons.append(
            Text("the time zone data has changed since ({then} then, {now} now)",
                 then=replay.time_zone_data, now=TZDATA_VERSION)
        )  # fmt: skip
    dialect_version = _dialect_version(request)
    if replay.dialect_version != dialect_version:
        reasons.append(
            Text("the dialect {dialect} has changed since (version {then} then, {now} now)",
                 dialect=request.dialect, then=replay.dialect_version, now=dialect_version)
        )  # fmt: skip
    if replay.zlib_version not in (None, zlib.ZLIB_RUNTIME_VERSION):
        reasons.append(
            Text("files are compressed otherwise since (zlib {then} then, {now} now)",
                 then=replay.zlib_version, now=zlib.ZLIB_RUNTIME_VERSION)
        )  # fmt: skip
    return reasons


def check_same(request: ExportRequest, sha256: str, replay: Replay) -> None:
    """Raise `FailureError` unless a file came out as its receipt promises."""
    if sha256 == replay.sha256:
        return
    reasons = changed_since(request, replay)
    if not reasons:
        reasons.append(Text("a contact may have been erased since, or the receipt was changed"))
    raise FailureError(
        "the file cannot be made again byte for byte: {reasons}; no file was written",
        reasons=joined("; ", reasons),
    )


def _dialect_version(request: ExportRequest) -> int:
    return file_format(request.format, request.dialect).version


def receipt_path(target: Path) -> Path:
    """Where the receipt of a file lies."""
    return target.with_name(target.name + ".receipt.json")


def read_receipt(path: Path) -> tuple[ExportRequest, Replay, dict[str, Any]]:
    """The request of a receipt file, what a second run of it must keep to, and all it holds."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["receipt_format"] > RECEIPT_FORMAT:
            raise RequestError(
                "{path}: found a receipt of format {found}, this Tawny reads up to "
                "{newest}; upgrade Tawny",
                path=path,
                found=content["receipt_format"],
                newest=RECEIPT_FORMAT,
            )
        request = request_of_receipt(content)
        replay = replay_of_receipt(content)
    except OSError as error:
        raise RequestError(
            "{path}: {error}; name a FILE.receipt.json", path=path, error=error
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RequestError(
            "{path}: found no receipt; allowed the FILE.receipt.json that lies beside an export",
            path=path,
        ) from error
    return request, replay, content
