"""The sources of a running server, as administrators set them up, look at them and sync them.

Every method takes the caller first and checks that caller's rights itself. Desks are looked at in
worker processes, so that no answer waits for one.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tawny.background.pool import Workers
from tawny.background.source_sync import SourceSync
from tawny.background.source_webhooks import SourceWebhooks
from tawny.errors import ConflictError, FailureError, RequestError
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.settings import Settings
from tawny.sources import findings
from tawny.sources.option_values import checked_instant
from tawny.sources.reader import DeskAccess
from tawny.sources.report import with_counts
from tawny.sources.setup import Given, NewSource, Sources, needs_test
from tawny.sources.status import SourceStatus, status_of
from tawny.sources.store import Source
from tawny.sources.sync import SyncRequest
from tawny.sources.webhooks import SourceWebhook, WebhookCall
from tawny.state.database import Database

_SYNCS = 2
_LOOKS = 2
LOOK_TIMEOUT_S = 150.0
"""How long a test of the access may take, waiting for its turn included."""
_STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class ServedSource:
    """A source and how it stands."""

    source: Source
    status: SourceStatus
    waits: bool
    """Whether a sync is about to begin: somebody asked for one, or it is the first."""
    webhook: SourceWebhook | None
    """None = what its desk announces is not heard."""


@dataclass(frozen=True, slots=True)
class CheckedAccess:
    """What a look at the desk of a source found."""

    served: ServedSource
    access: DeskAccess
    counts: Sequence[Mapping[str, Any]] | None
    """The desk's own counts beside those of the log; None = not asked for."""
    webhook_path: str | None = None
    """The secret address for webhooks that was made, which nothing shows again."""


class ServedSources:
    """The sources of one installation."""

    def __init__(self, home: Path, settings: Settings, database: Database, audit: Audit) -> None:
        self._home = home
        self._audit = audit
        self._sources = Sources(home, settings, database)
        self._syncers = Workers(home, _SYNCS, niceness=6)
        self._lookers = Workers(home, _LOOKS, niceness=4)
        store, hints = self._sources.store, self._sources.hints
        self._webhooks = SourceWebhooks(home, store, hints)
        self._sync = SourceSync(store, hints, self._webhooks, self._syncers)

    def start(self) -> None:
        """Begin to sync what is due."""
        self._sync.start()

    def stop(self) -> None:
        """End; a sync that goes on is finished after the next start."""
        self._sync.stop()
        self._syncers.close()
        self._lookers.close()

    def list(self, caller: Caller) -> Sequence[ServedSource]:
        """All of them, by name."""
        caller.need(Scope.ADMIN)
        return [self._served(source) for source in self._sources.store.all()]

    def get(self, caller: Caller, name: str) -> ServedSource:
        """One of them. Raises `NotFoundError`."""
        caller.need(Scope.ADMIN)
        return self._served(self._sources.store.find(name))

    def test(
        self, caller: Caller, kind: str, name: str, given: Given, prefix: str | None
    ) -> DeskAccess:
        """Test the access to a desk and store nothing. Raises `TawnyError`."""
        caller.need(Scope.ADMIN)
        new = self._sources.new(kind, name, given, prefix)
        self._audit.record(caller, "source_tested", name, kind=kind)
        access = self._access(new)
        self._sources.known(new, access, prefix)
        return access

    def add(
        self, caller: Caller, kind: str, name: str, given: Given, prefix: str | None, *,
        shows_address: bool,
    ) -> CheckedAccess:  # fmt: skip
        """Test the access and set a source up, with a secret address for webhooks if somebody will
        be shown it. Raises `TawnyError`, and stores nothing then."""
        caller.need(Scope.ADMIN)
        new = self._sources.new(kind, name, given, prefix)
        access = self._access(new)
        self._sources.keep(self._sources.known(new, access, prefix))
        self._audit.record(caller, "source_added", name, kind=kind)
        path = self._sources.new_webhook_path(name) if shows_address else None
        self._sync.look()
        return CheckedAccess(self.get(caller, name), access, None, path)

    def change(self, caller: Caller, name: str, given: Given) -> ServedSource:
        """Change what is given of a source, once its desk lets itself be read so."""
        caller.need(Scope.ADMIN)
        source = self._sources.store.find(name)
        changed = self._sources.changed(source, given)
        if needs_test(given):
            self._access(changed)
        kept = self._sources.keep_changed(source, changed, given)
        options = sorted((*given.options, *given.secrets))
        self._audit.record(caller, "source_changed", name, options=options)
        self._sync.look()
        return self._served(kept)

    def check(self, caller: Caller, name: str, *, counts: bool) -> CheckedAccess:
        """Look at the desk of a source; with counts compare them, and keep what was found in the
        last report."""
        caller.need(Scope.ADMIN)
        source = self._sources.store.find(name)
        report = source.report or {}
        until_us = None
        if counts:
            until = report.get("until")
            until_us = 0 if until is None else checked_instant("until", until) * 1000
        found = self._look(NewSource.of(source), until_us)
        if counts and source.report is not None:
            kept = with_counts(source.report, found["counts"])
            self._sources.store.change(source, report=kept)
        return CheckedAccess(
            self.get(caller, name),
            findings.of_plain(found["access"]),
            found["counts"] if counts else None,
        )

    def new_webhook_path(self, caller: Caller, name: str) -> str:
        """Give a source a new secret address for webhooks; the one before is worth nothing more.
        Raises `ConflictError` for one whose webhooks are signed, or not heard."""
        caller.need(Scope.ADMIN)
        self._sources.store.find(name)
        path = self._sources.new_webhook_path(name)
        if path is None:
            raise ConflictError(
                "source {name}: takes no webhooks at a secret address, since its desk signs them "
                "or they are off",
                name=name,
            )
        self._audit.record(caller, "source_webhook_made", name)
        return path

    def take_webhook(self, name: str, token: str | None, call: WebhookCall) -> int:
        """Take what a desk announces, whoever brings it; returns the status of the answer. Raises
        `NotSignedInError` for what is not the desk's."""
        return self._webhooks.take(name, token, call)

    def sync(self, caller: Caller, name: str, request: SyncRequest) -> ServedSource:
        """Ask for a sync, which begins at once. Raises `ConflictError` when there is one."""
        caller.need(Scope.ADMIN)
        found = self.get(caller, name)
        source = found.source
        busy = found.status.state == "syncing" or self._sync.is_running(source)
        if busy or not self._sources.store.ask(source, request.to_plain()):
            raise ConflictError(
                "source {name}: a sync of it is going on; wait for its end", name=name
            )
        self._audit.record(caller, "sync_requested", name, **request.to_plain())
        self._sync.look()
        return self.get(caller, name)

    def dry_sync(self, caller: Caller, name: str, request: SyncRequest) -> Mapping[str, Any]:
        """Read and map what a sync would send, and send nothing; returns the gap report that it
        would have. Raises `ConflictError` while there is a sync."""
        caller.need(Scope.ADMIN)
        source = self._sources.store.find(name)
        self._audit.record(caller, "source_tested", name, kind=source.kind)
        arguments = {"source": name, "asked": request.to_plain()}
        found = self._lookers.run("dry_sync", arguments, timeout_s=LOOK_TIMEOUT_S)
        report: Mapping[str, Any] = found["report"]
        return report

    def set_paused(self, caller: Caller, name: str, paused: bool) -> ServedSource:
        """Have the schedule leave a source alone, or read it again."""
        caller.need(Scope.ADMIN)
        source = self._sources.store.find(name)
        self._sources.store.change(source, paused=paused)
        self._audit.record(caller, "source_paused" if paused else "source_resumed", name)
        self._sync.look()
        return self.get(caller, name)

    def remove(self, caller: Caller, name: str) -> int:
        """Forget a source; a sync of it that goes on is stopped. Returns how many of its events
        stay in the log."""
        caller.need(Scope.ADMIN)
        source = self._sources.store.find(name)
        self._sources.store.change(source, paused=True, asked=None)
        end_s = time.monotonic() + _STOP_S
        while True:
            self._sync.end(source)
            try:
                self._sources.forget(source)
                break
            except ConflictError:
                # Its worker ends, unless it is a command line's.
                if time.monotonic() > end_s or not self._sync.is_running(source):
                    with contextlib.suppress(ConflictError):
                        self._sources.forget(source)
                        break
                    self._sources.store.change(source, paused=source.paused)
                    raise
                time.sleep(0.1)
        self._audit.record(caller, "source_removed", name)
        return self.events(caller, source)

    def events(self, caller: Caller, source: Source) -> int:
        """How many events of a source are in the log."""
        caller.need(Scope.ADMIN)
        arguments = {"address": source.address}
        found = self._lookers.run("source_events", arguments, timeout_s=LOOK_TIMEOUT_S)
        return int(found["events"])

    def _served(self, source: Source) -> ServedSource:
        status = status_of(self._home, source)
        is_first = status.state == "never synced" and status.next_ms is not None
        is_wanted = source.asked is not None or is_first or self._sync.is_running(source)
        waits = is_wanted and status.state != "syncing"
        return ServedSource(source, status, waits, self._sources.webhook(source))

    def _access(self, new: NewSource) -> DeskAccess:
        try:
            return findings.of_plain(self._look(new, None)["access"])
        except FailureError as error:
            if error.retry:  # this machine, not what was given
                raise
            text = error.text
            raise RequestError(text) from error

    def _look(self, new: NewSource, until_us: int | None) -> dict[str, Any]:
        arguments = {"source": asdict(new), "until_us": until_us}
        return self._lookers.run("access", arguments, timeout_s=LOOK_TIMEOUT_S)
