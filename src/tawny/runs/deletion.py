"""Deleting runs and their files before their time, by the person whose they are or an
administrator. What was done stays in the audit trail."""

from __future__ import annotations

import shutil
from pathlib import Path

from tawny.errors import ConflictError, NotAllowedError
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.runs.naming import why_no_file
from tawny.runs.store import RunStore
from tawny.state.database import Database
from tawny.state.run_rows import ExportRun, RunState


def delete_run(home: Path, database: Database, audit: Audit, caller: Caller, run_id: str) -> None:
    """Delete a run that has ended, with its file and receipt."""
    store = RunStore(database)
    run = _own(store, caller, run_id)
    with database.write() as connection:
        if not store.delete(connection, run_id):
            raise ConflictError("this export has not ended; cancel it first")
        audit.add(
            connection, caller, "export_deleted", run_id, export=", ".join(run.export_types),
            owner=run.owner, start=run.start, end=run.end, file=run.file_name,
        )  # fmt: skip
    _remove(home, run_id)


def delete_file(home: Path, database: Database, audit: Audit, caller: Caller, run_id: str) -> None:
    """Delete the file of a run, which then is as one whose time is over."""
    store = RunStore(database)
    run = _own(store, caller, run_id)
    if run.state is not RunState.READY or not store.expire(run_id):
        raise ConflictError(why_no_file(run))
    with database.write() as connection:
        audit.add(connection, caller, "file_deleted", run_id, file=run.file_name)
    _remove(home, run_id)


def _own(store: RunStore, caller: Caller, run_id: str) -> ExportRun:
    """A run that the caller may delete."""
    caller.need(Scope.EXPORTS_WRITE)
    run = store.get(caller, run_id)
    if run.owner_id != caller.user_id and not caller.administrator:
        raise NotAllowedError("this export is {owner}'s; ask that person", owner=run.owner)
    return run


def _remove(home: Path, run_id: str) -> None:
    shutil.rmtree(home / "exports" / run_id, ignore_errors=True)
