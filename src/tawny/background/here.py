"""Exports of slots made by the process itself, for a command line that has no server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tawny.background.checking import checked_request
from tawny.background.computing import compute, record_request
from tawny.background.jobs import JOBS
from tawny.completeness.rule import ChannelFacts, Completeness, completeness
from tawny.errors import TawnyError
from tawny.exports.request import ExportRequest
from tawny.model.zones import current_ms
from tawny.people.audit import Audit
from tawny.people.callers import Caller
from tawny.runs.store import RunStore
from tawny.schedules.follower import LookedAt
from tawny.settings import Settings
from tawny.state.database import Database


class ExportsHere:
    """Makes the exports of slots in this process, one after the other."""

    def __init__(self, home: Path, settings: Settings, database: Database, audit: Audit) -> None:
        self._home = home
        self._settings = settings
        self._database = database
        self._audit = audit
        self._store = RunStore(database)

    def check(self, caller: Caller, request: ExportRequest) -> ExportRequest:
        """The request as the caller may make it. Raises `RequestError` or `NotAllowedError`."""
        return checked_request(lambda arguments: self._job("check", arguments), caller, request)

    def start(self, caller: Caller, request: ExportRequest, key: str) -> str:
        """See `ExportMaker`; the run has ended when it returns."""
        request = self.check(caller, request)
        with self._database.write() as connection:
            run_id, new = self._store.add(connection, caller, request, key)
            if new:
                record_request(self._audit, connection, caller, run_id, request)
        self.carry_on(run_id)
        return run_id

    def carry_on(self, run_id: str) -> None:
        """See `ExportMaker`."""
        run = self._store.begin(run_id)
        if run is None:
            return
        try:
            compute(
                self._home, self._settings, self._store, run,
                lambda arguments: self._job("export", arguments),
            )  # fmt: skip
        except TawnyError as error:
            self._store.fail(run_id, error)

    def completeness(self, up_to_ms: int) -> Sequence[Completeness]:
        """See `ExportMaker`."""
        now_ms = current_ms()
        return [
            completeness(ChannelFacts(**one), now_ms, up_to_ms)
            for one in self._job("completeness", {})["channels"]
        ]

    def look(self, files: Sequence[Mapping[str, Any]], only_erasures: bool) -> LookedAt:
        """See `ExportMaker`."""
        arguments = {"files": files, "only_erasures": only_erasures}
        return LookedAt(**self._job("made_files", arguments))

    def typed_rows(self, receipt: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
        """See `ExportMaker`."""
        found = self._job("typed_rows", {"receipt": receipt, "folder": str(folder)})
        receipts: Mapping[str, Any] = found["receipts"]
        return receipts

    def _job(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return JOBS[name](self._home, self._settings, arguments, lambda _phase, _percent: None)
