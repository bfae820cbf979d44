"""What a run is called elsewhere: request for a worker, file, receipt; why it has none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tawny.exports.formats import file_format
from tawny.exports.request import ExportRequest
from tawny.model.zones import instant_text
from tawny.state.run_rows import Run, RunState
from tawny.text import Text


def request_json(request: ExportRequest) -> dict[str, Any]:
    """A request as the worker processes take it."""
    return {
        "export_type": request.export_type,
        "time_zone": request.time_zone,
        "start": request.start,
        "end": request.end,
        "channels": list(request.channels),
        "as_of": request.as_of,
        "headers": request.headers,
        "format": request.format,
        "dialect": request.dialect,
        "kind": request.kind,
    }


def file_name(run: Run) -> str:
    """What a run's file is called: type, range or instant, and the ending of its format."""
    chosen = file_format(run.format, run.dialect)
    assert run.started_ms is not None
    if run.start is None or run.end is None:
        moments = [run.as_of or instant_text(run.started_ms)[:19] + "Z"]
    else:
        moments = [run.start, run.end]
    parts = [run.export_type, *(moment.strip().replace(":", "-") for moment in moments)]
    return "_".join(parts) + chosen.ending


def receipt_json(run: Run) -> str:
    """The receipt of a run as the text of its file."""
    return json.dumps(run.receipt, ensure_ascii=False, indent=2) + "\n"


_NO_FILE: Mapping[RunState, Text] = {
    RunState.QUEUED: Text("the file comes when it is ready"),
    RunState.RUNNING: Text("the file comes when it is ready"),
    RunState.FAILED: Text("it made no file; run it again"),
    RunState.CANCELLED: Text("it made no file; run it again"),
    RunState.EXPIRED: Text(
        "its file was deleted: its time was over, or a contact in it was erased; run it again"
    ),
}
"""Why a run that is not ready has no file, and what to do."""

KILLED = Text(
    "its process was stopped three times before it was done, perhaps for lack of memory; try a "
    "shorter range, or lower the setting engine_memory_mb"
)
"""Why a run failed whose process nobody at Tawny ended."""


def why_no_file(run: Run) -> Text:
    """What is said of a run that is not ready to somebody who wants its file."""
    return Text("run: {run_id} is {state}; {why}",
                run_id=run.id, state=Text(run.state.value), why=_NO_FILE[run.state])  # fmt: skip
