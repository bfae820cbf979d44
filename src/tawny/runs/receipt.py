"""The receipt beside each file: what it is, enough to check it and to make it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tawny import __version__
from tawny.errors import FailureError, RequestError
from tawny.exports.queries import definition_version
from tawny.exports.request import Bounds, ExportRequest
from tawny.model.zones import TZDATA_VERSION, instant_text
from tawny.text import Text, joined

RECEIPT_FORMAT = 1

Newest = Sequence[tuple[str, str | None, int]]
"""Per channel: id, name, time of the newest event seen, in milliseconds since 1970 UTC."""


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
    newest: Newest

    def to_json(self) -> str:
        """The text of the `.receipt.json` file."""
        request, bounds = self.request, self.bounds
        content = {
            "receipt_format": RECEIPT_FORMAT,
            "tawny_version": __version__,
            "request": {
                "export": request.export_type,
                "time_zone": request.time_zone,
                "from": request.start,
                "to": request.end,
                "channels": list(request.channels),
                "headers": request.headers,
                "format": request.format,
                "dialect": request.dialect,
                "kind": request.kind,
                "content_media": None if self.content_media is None else list(self.content_media),
            },
            "from_utc": None if bounds.from_ms is None else instant_text(bounds.from_ms),
            "to_utc": None if bounds.to_ms is None else instant_text(bounds.to_ms),
            "as_of": instant_text(bounds.as_of_ms),
            "log_version": self.log_version,
            "definition_version": definition_version(),
            "time_zone_data": TZDATA_VERSION,
            "rows": self.rows,
            "bytes": self.size_bytes,
            "sha256": self.sha256,
            "newest_event_per_channel": [
                {"channel_id": channel, "name": name, "time": instant_text(time_ms)}
                for channel, name, time_ms in self.newest
            ],
        }
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Replay:
    """What a receipt fixes for a second run: the state of the log and what must come out."""

    log_version: int
    content_media: Sequence[str] | None
    sha256: str
    definition_version: str
    time_zone_data: str


def check_same(receipt: Receipt, replay: Replay) -> None:
    if receipt.sha256 == replay.sha256:
        return
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
    if not reasons:
        reasons.append(Text("a contact may have been erased since, or the receipt was changed"))
    raise FailureError(
        "the receipt promises SHA-256 {sha256}, the run gave {found}: {reasons}",
        sha256=replay.sha256,
        found=receipt.sha256,
        reasons=joined("; ", reasons),
    )


def receipt_path(target: Path) -> Path:
    """Where the receipt of a file lies."""
    return target.with_name(target.name + ".receipt.json")


def read_receipt(path: Path) -> tuple[ExportRequest, Replay]:
    """The request of a receipt file and what a second run of it must keep to."""
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
        asked = content["request"]
        _check_texts(path, content, asked)
        request = ExportRequest(
            export_type=asked["export"],
            time_zone=asked["time_zone"],
            start=asked["from"],
            end=asked["to"],
            channels=tuple(asked["channels"]),
            as_of=content["as_of"],
            headers=asked["headers"],
            format=asked["format"],
            dialect=asked["dialect"],
            kind=asked["kind"],
        )
        media = asked["content_media"]
        replay = Replay(
            log_version=int(content["log_version"]),
            content_media=None if media is None else tuple(media),
            sha256=content["sha256"],
            definition_version=content["definition_version"],
            time_zone_data=content["time_zone_data"],
        )
    except OSError as error:
        raise RequestError(
            "{path}: {error}; name a FILE.receipt.json", path=path, error=error
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RequestError(
            "{path}: found no receipt; allowed the FILE.receipt.json that lies beside an export",
            path=path,
        ) from error
    return request, replay


def _check_texts(path: Path, content: dict[str, object], asked: dict[str, object]) -> None:
    """Raise `ValueError` when what must be a text in a receipt is something else."""
    texts = [content["as_of"], content["sha256"], content["definition_version"]]
    texts += [
        asked[name] for name in ("export", "time_zone", "headers", "format", "dialect", "kind")
    ]
    texts += [asked[name] for name in ("from", "to") if asked[name] is not None]
    lists = [asked["channels"], asked["content_media"] or []]
    for value in lists:
        if not isinstance(value, list):
            raise ValueError(f"{path}: {value!r}")
        texts += value
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{path}: {texts!r}")
