"""Setting sources up, changing them, and running a sync of one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tawny.credentials import stored
from tawny.engine.engines import open_of_folder
from tawny.engine.source_events import count_of_source, events_by_month
from tawny.errors import ConflictError, RequestError, TawnyError
from tawny.intake.inbox import flush
from tawny.model.durations import milliseconds
from tawny.model.zones import current_ms
from tawny.settings import Settings
from tawny.sources.kinds import check_options, kind_of, opened
from tawny.sources.options import DEFAULTS, checked
from tawny.sources.reader import DeskAccess, DeskReader
from tawny.sources.report import GapReport
from tawny.sources.store import Source, SourceStore
from tawny.sources.sync import Progress, Sync, SyncRequest, alone, is_syncing
from tawny.state.database import Database
from tawny.state.event_log import event_log
from tawny.text import to_json

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PREFIX = re.compile(r"[!-~]{0,64}")

STATES = ("never synced", "syncing", "up to date", "behind", "failing", "paused")


@dataclass(frozen=True, slots=True)
class Given:
    """What a person has given for a source; None = not given."""

    options: Mapping[str, Any]
    secrets: Mapping[str, str]
    """As given: `env:NAME`, `file:PATH`, `-`."""
    standard_input: str = ""


class Sources:
    """The sources of a data folder."""

    def __init__(self, home: Path, settings: Settings, database: Database) -> None:
        self.home = home
        self.settings = settings
        self.database = database
        self.store = SourceStore(database)

    def add(self, kind_name: str, name: str, given: Given, prefix: str | None) -> DeskAccess:
        """Test the access and set a source up. Raises `RequestError` or `SourceError`, and stores
        nothing then."""
        kind = kind_of(kind_name)
        if not _NAME.fullmatch(name):
            raise RequestError(
                "source: found {name!r}; allowed 1 to 64 letters, digits, - and _", name=name
            )
        if any(one.name == name for one in self.store.all()):
            raise ConflictError(
                "source: found {name!r}, which is there already; allowed a new name, or "
                "tawny sources set to change it",
                name=name,
            )
        own = checked(given.options)
        check_options(kind, own, given.secrets)
        options = {**DEFAULTS, **own}
        for needed in kind.needed:
            if options.get(needed) is None and needed not in given.secrets:
                raise RequestError(
                    "--{option}: found nothing; a source of the kind {kind} needs it",
                    option=needed.replace("_", "-"),
                    kind=kind.name,
                )
        kind.check(options)
        secrets = self._stored(given)
        address = kind.address(name, options)
        prefix = self._prefix(name, address, prefix)
        with contextlib.closing(opened(self.home, kind_name, options, secrets, prefix)) as reader:
            found = reader.access()
        self.store.add(name, kind_name, address, prefix, options, secrets)
        return found

    def _stored(self, given: Given) -> dict[str, str]:
        return {
            name: stored(self.home, f"--{name.replace('_', '-')}", text, given.standard_input)
            for name, text in given.secrets.items()
        }

    def _prefix(self, name: str, address: str, asked: str | None) -> str:
        """What all ids of a source begin with: fixed for good, and none of two sources alike."""
        known = self.store.known_address(address)
        if known is not None:
            if known[0] is not None:
                raise ConflictError(
                    "source: {address} is read already by the source {name}",
                    address=address,
                    name=known[0],
                )
            if asked is not None and asked != known[1]:
                raise ConflictError(
                    "--id-prefix: found {asked!r}; {address} was read before with {prefix!r}, "
                    "which stays",
                    asked=asked,
                    address=address,
                    prefix=known[1],
                )
            return known[1]
        taken = self.store.prefixes()
        prefix = asked if asked is not None else (f"{name}:" if taken else "")
        if not _PREFIX.fullmatch(prefix):
            raise RequestError(
                "--id-prefix: found {prefix!r}; allowed up to 64 printable ASCII characters",
                prefix=prefix,
            )
        if prefix in taken:
            raise ConflictError(
                "--id-prefix: found {prefix!r}, which another source has or had; two desks may "
                "both have a conversation 12, give another one such as {example}",
                prefix=prefix,
                example=f"{name}:",
            )
        return prefix

    def change(self, name: str, given: Given) -> Source:
        """Change options and secrets. Raises `RequestError`, and `SourceError` when the desk cannot
        be read so."""
        source = self.store.get(name)
        kind = kind_of(source.kind)
        changed = checked(given.options)
        check_options(kind, changed, given.secrets)
        kind.check(changed)
        options = {**source.options, **changed}
        secrets = {**source.secrets, **self._stored(given)}
        if given.secrets or "mapping" in changed:
            with contextlib.closing(
                opened(self.home, source.kind, options, secrets, source.prefix)
            ) as reader:
                reader.access()
        now_ms = current_ms()
        changes = {**source.changes, **dict.fromkeys((*changed, *given.secrets), now_ms)}
        self.store.change(source, options=options, secrets=secrets, changes=changes, error=None)
        return self.store.get(name)

    def remove(self, name: str) -> int:
        """Forget a source; returns how many of its events stay in the log."""
        source = self.store.get(name)
        with alone(self.home, source):
            self.store.remove(source)
        return self._in_log(source)

    def _in_log(self, source: Source) -> int:
        with open_of_folder(self.home, self.settings) as duck:
            return count_of_source(
                duck, event_log(self.home, self.settings).snapshot(), source.address
            )

    def reader(self, source: Source) -> DeskReader:
        """An open desk; the caller closes it."""
        return opened(self.home, source.kind, source.options, source.secrets, source.prefix)

    def sync(
        self,
        source: Source,
        request: SyncRequest,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> GapReport:
        """Read what is new; the report is stored, or else why it failed."""
        sends = not request.dry_run and request.output is None
        with alone(self.home, source):
            source = self.store.get(source.name)
            try:
                # What a server acknowledged before came first.
                flush(self.home, self.settings, self.database)
                with contextlib.closing(self.reader(source)) as reader:
                    sync = Sync(
                        self.home, self.settings, self.database, source, reader, on_progress
                    )
                    report = sync.run(request)
            except TawnyError as error:
                if sends:
                    self.store.change(source, error=to_json(error.text))
                raise
            if sends:
                self.store.change(
                    source, report=report.to_dict(), error=None, ended_ms=report.ended_ms
                )
            return report

    def compare(self, source: Source, reader: DeskReader, until_us: int) -> list[dict[str, Any]]:
        """The desk's own counts by kind and month beside those of the log, if either has some."""
        there = reader.counts(until_us)
        with open_of_folder(self.home, self.settings) as duck:
            here = events_by_month(
                duck, event_log(self.home, self.settings).snapshot(), source.address, until_us
            )
        return [
            {
                "kind": kind,
                "month": month,
                "source": there.get((kind, month), 0),
                "log": here.get((kind, month), 0),
                "difference": there.get((kind, month), 0) - here.get((kind, month), 0),
            }
            for kind, month in sorted({*there, *here}, key=lambda one: (one[1], one[0]))
        ]

    def state(self, source: Source) -> str:
        """One of `STATES`."""
        if is_syncing(self.home, source):
            return "syncing"
        if source.paused:
            return "paused"
        if source.error is not None:
            return "failing"
        if source.report is None or source.ended_ms is None:
            return "never synced"
        every_ms = milliseconds(str(source.options["every"]))
        age_ms = current_ms() - source.ended_ms
        if every_ms and age_ms > 2 * every_ms + milliseconds(str(source.options["lag"])):
            return "behind"
        return "up to date"

    def next_run_ms(self, source: Source) -> int | None:
        """When the schedule of the server reads it next."""
        every_ms = milliseconds(str(source.options["every"]))
        if not every_ms or source.paused:
            return None
        return (source.ended_ms or source.created_ms) + every_ms
