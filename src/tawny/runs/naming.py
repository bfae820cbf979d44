"""What a run is called elsewhere: file, receipt; why it has none."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Mapping

import msgspec

from tawny.exports.file_kind import kind_of
from tawny.exports.request import ExportChoices, request_of_json
from tawny.model.zones import instant_text
from tawny.queries.catalogue import EXPORT_TYPES
from tawny.queries.columns import HEADER_LANGUAGES
from tawny.state.run_rows import ExportRun, RunState
from tawny.text import Text


def file_name(run: ExportRun) -> str:
    """What a run's file is called: type, range, zone, and what else tells it from a file of
    another request, in words where they are short.

    `messages_2026-10-01_to_2026-10-31_Europe-Paris.csv`; days are both included, a time ends
    before the second one. With French headers the words are French.
    """
    request = request_of_json(run.request)
    french = HEADER_LANGUAGES[request.headers] == "fr"
    parts = [request.export_type]
    every = request.export_types == EXPORT_TYPES
    if every:
        parts = ["tous-les-exports" if french else "all-exports"]
    elif request.is_bundle:
        parts = [f"{len(request.export_types)}-exports"]
    assert run.started_ms is not None
    if request.start is None or request.end is None:
        parts.append(_plain(request.as_of or instant_text(run.started_ms)[:19] + "Z"))
    else:
        parts.append(_range_words(request.start.strip(), request.end.strip(), french=french))
    parts.append(_plain(request.time_zone))
    channels = [_plain(channel)[:40] for channel in request.channels]
    if channels:
        word = "canaux" if french else "channels"
        parts.append(channels[0] if len(channels) == 1 else f"{len(channels)}-{word}")
    if request.columns:
        parts.append(f"{len(request.columns)}-{'colonnes' if french else 'columns'}")
    if request.headers != "en":
        parts.append(request.headers)
    if request.dialect != "machine":
        parts.append(request.dialect)
    # What the name says word for word; the hash is of what it does not say.
    named = msgspec.structs.replace(
        ExportChoices(request.export_type),
        **{name: getattr(request, name)
           for name in ("time_zone", "start", "end", "headers", "format", "dialect", "bundle")},
        exports=request.exports if every else (),
        channels=request.channels if channels == list(request.channels) == channels[:1] else (),
        as_of=request.as_of if request.start is None or request.end is None else None,
    )  # fmt: skip
    whole = ExportChoices(
        **{name: getattr(request, name) for name in ExportChoices.__struct_fields__}
    )
    if named != whole:
        parts.append(hashlib.sha256(msgspec.json.encode(whole)).hexdigest()[:6])
    return "_".join(parts) + kind_of(request).ending


def _range_words(start: str, end: str, *, french: bool) -> str:
    """The range as its first and last day, or as its two moments."""
    try:
        first, last = datetime.date.fromisoformat(start), datetime.date.fromisoformat(end)
        last -= datetime.timedelta(days=1)
    except (ValueError, OverflowError):
        return f"{_plain(start)}_{'avant' if french else 'before'}_{_plain(end)}"
    if first == last:
        return first.isoformat()
    return f"{first.isoformat()}_{'au' if french else 'to'}_{last.isoformat()}"


def _plain(text: str) -> str:
    """A text as part of a file's name on every system."""
    return re.sub(r"[^A-Za-z0-9.+-]", "-", text.strip())


def receipt_json(run: ExportRun) -> str:
    """The receipt of a run as the text of its file."""
    return json.dumps(run.receipt, ensure_ascii=False, indent=2) + "\n"


_NO_FILE: Mapping[RunState, Text] = {
    RunState.QUEUED: Text("it comes when the export is ready"),
    RunState.RUNNING: Text("it comes when the export is ready"),
    RunState.FAILED: Text("the export failed; run it again"),
    RunState.CANCELLED: Text("the export was cancelled; run it again"),
    RunState.EXPIRED: Text(
        "its time was over, somebody deleted it, or a contact in it was erased; run it again"
    ),
}
"""Why a run that is not ready has no file, and what to do."""

KILLED = Text(
    "its process was stopped three times before it was done, perhaps for lack of memory; try a "
    "shorter range, or lower the setting engine_memory_mb"
)
"""Why a run failed whose process nobody at Tawny ended."""


def why_no_file(run: ExportRun) -> Text:
    """What is said of a run that is not ready to somebody who wants its file."""
    return Text("this export has no file: {why}", why=_NO_FILE[run.state])
