"""A run computed to its file: where it is put, what its row then says."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tawny.disk import translated_os_errors
from tawny.exports.file_kind import kind_of
from tawny.exports.request import ExportRequest, request_json
from tawny.model.zones import current_ms
from tawny.people.audit import Audit
from tawny.people.callers import Caller
from tawny.runs.remaking import what_to_keep_to
from tawny.runs.store import RunStore, request_of_run
from tawny.settings import Settings
from tawny.state.run_rows import ExportRun

ExportJob = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Does the job `export` with its arguments, wherever."""


def record_request(
    audit: Audit, connection: Any, caller: Caller, run_id: str, request: ExportRequest
) -> None:
    """Write down in the audit trail who asked for what, in the transaction that adds the run."""
    audit.add(
        connection, caller, "export_requested", run_id,
        export=", ".join(request.export_types), channels=list(request.channels),
        start=request.start, end=request.end, time_zone=request.time_zone,
    )  # fmt: skip


def compute(
    home: Path, settings: Settings, store: RunStore, run: ExportRun, export: ExportJob
) -> None:
    """Compute a run that has begun; it becomes `ready`, or nothing of it stays. Raises what the job
    raises."""
    request = request_of_run(run)
    # Each attempt has a folder of its own: one that a crash left behind cannot get between.
    folder = home / "exports" / run.id / secrets.token_hex(4)
    with translated_os_errors(str(folder)):
        folder.mkdir(parents=True)
    kept, name = what_to_keep_to(store, run)
    target = folder / name
    done = False
    try:
        result = export(
            {
                "request": request_json(request),
                "now_ms": run.started_ms,
                "target": str(target),
                "given_channels": True,
                **kept,
            }
        )
        done = store.finish(
            run.id,
            file_name=name,
            file_path=str(target.relative_to(home)),
            media_type=kind_of(request).media_type,
            rows=result["rows"],
            size_bytes=result["size_bytes"],
            sha256=result["sha256"],
            receipt=result["receipt"],
            expires_ms=current_ms() + settings.number("keep_files_days") * 86_400_000,
        )
    finally:
        if not done:
            shutil.rmtree(folder, ignore_errors=True)
