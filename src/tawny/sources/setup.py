"""Setting sources up, changing them, and running a sync of one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tawny.credentials import encrypted, stored
from tawny.engine.engines import open_of_folder
from tawny.engine.source_events import (
    count_of_source,
    events_by_month,
    figures_of_conversations,
)
from tawny.errors import ConflictError, RequestError, TawnyError
from tawny.intake.inbox import flush
from tawny.model.zones import current_ms
from tawny.settings import Settings
from tawny.sources.figures import FigureReader, compared
from tawny.sources.hints import HintStore
from tawny.sources.kinds import SourceKind, check_one_of, check_options, kind_of, opened
from tawny.sources.option_values import check_files, checked
from tawny.sources.options import DEFAULTS, OPTIONS, WEBHOOK_SECRET, Form
from tawny.sources.progress import Progress, ProgressFile
from tawny.sources.reader import DeskAccess, DeskReader
from tawny.sources.report import GapReport
from tawny.sources.store import Source, SourceStore
from tawny.sources.sync import Sync, SyncRequest, alone
from tawny.sources.webhooks import (
    SourceWebhook,
    ToldBy,
    new_token,
    token_hash,
    webhook_path,
)  # fmt: skip
from tawny.state.database import Database
from tawny.state.event_log import event_log
from tawny.text import to_json

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PREFIX = re.compile(r"[!-~]{0,64}")


@dataclass(frozen=True, slots=True)
class Given:
    """What a person has given for a source; None = not given."""

    options: Mapping[str, Any]
    secrets: Mapping[str, str]
    """As given: `env:NAME`, `file:PATH`, `-`."""
    standard_input: str = ""
    is_from_afar: bool = False
    """Over the network: secrets are given themselves, and files lie where the settings say."""


@dataclass(frozen=True, slots=True)
class NewSource:
    """A source that may be set up, once its desk lets itself be read."""

    kind: str
    name: str
    address: str
    """Empty until the desk has told it."""
    prefix: str
    options: Mapping[str, Any]
    secrets: Mapping[str, str]
    """As they are kept."""

    @classmethod
    def of(cls, source: Source) -> NewSource:
        """One that is set up."""
        return cls(
            source.kind, source.name, source.address, source.prefix, source.options, source.secrets
        )


class Sources:
    """The sources of a data folder."""

    def __init__(self, home: Path, settings: Settings, database: Database) -> None:
        self.home = home
        self.settings = settings
        self.database = database
        self.store = SourceStore(database)
        self.hints = HintStore(database)

    def add(self, kind_name: str, name: str, given: Given, prefix: str | None) -> DeskAccess:
        """Test the access and set a source up. Raises `RequestError` or `SourceError`, and stores
        nothing then."""
        new = self.new(kind_name, name, given, prefix)
        found = self.access(new)
        self.keep(self.known(new, found, prefix))
        return found

    def new(self, kind_name: str, name: str, given: Given, prefix: str | None) -> NewSource:
        """What somebody wants to set up, checked without a look at the desk. Raises
        `RequestError`."""
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
        own = self._checked(kind, given)
        options = {**DEFAULTS, **own}
        for needed in kind.needed:
            if options.get(needed) is None and needed not in given.secrets:
                raise RequestError(
                    "--{option}: found nothing; a source of the kind {kind} needs it",
                    option=needed.replace("_", "-"),
                    kind=kind.name,
                )
        kind.check(options)
        check_one_of(kind, given.secrets)
        secrets = self._kept(kind, given)
        address = kind.address(name, options)
        if address is None:
            return NewSource(kind_name, name, "", "", options, secrets)
        prefix = self._prefix(name, address, prefix)
        return NewSource(kind_name, name, address, prefix, options, secrets)

    def known(self, new: NewSource, access: DeskAccess, prefix: str | None) -> NewSource:
        """The same once the desk has told which account it is; `prefix` is the one that was asked
        for. Raises `RequestError`."""
        if access.address is None:
            return new
        own = self._prefix(new.name, access.address, prefix)
        return replace(new, address=access.address, prefix=own)

    def access(self, new: NewSource) -> DeskAccess:
        """Test whether a desk can be read. Raises `RequestError` or `SourceError`."""
        with contextlib.closing(self.open(new)) as reader:
            return reader.access()

    def open(self, new: NewSource) -> DeskReader:
        """An open desk; the caller closes it."""
        return opened(self.home, new.kind, new.options, new.secrets, new.prefix, new.address)

    def keep(self, new: NewSource) -> None:
        """Set a source up whose desk can be read. Raises `ConflictError`."""
        self.store.add(new.name, new.kind, new.address, new.prefix, new.options, new.secrets)

    def _checked(self, kind: SourceKind, given: Given) -> dict[str, Any]:
        own = checked(given.options)
        checked(given.secrets)
        check_options(kind, own, given.secrets)
        if given.is_from_afar:
            check_files(own, self.settings)
        return own

    def _kept(self, kind: SourceKind, given: Given) -> dict[str, str]:
        """The secrets that were given, as they are kept."""
        if given.is_from_afar:
            kind.check_typed(given.secrets)
            return {name: encrypted(self.home, one) for name, one in given.secrets.items()}
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

    def changed(self, source: Source, given: Given) -> NewSource:
        """A source as it would be, checked without a look at the desk. Raises `RequestError`."""
        kind = kind_of(source.kind)
        changed = self._checked(kind, given)
        for name in changed:
            if name in OPTIONS and OPTIONS[name].is_fixed:
                raise RequestError(
                    "--{option}: found a new one, but it is fixed for good; add another source",
                    option=OPTIONS[name].typed,
                )
        kind.check(changed)
        options = {**source.options, **changed}
        secrets = {**source.secrets, **self._kept(kind, given)}
        check_one_of(kind, secrets)
        return NewSource(source.kind, source.name, source.address, source.prefix, options, secrets)

    def keep_changed(self, source: Source, changed: NewSource, given: Given) -> Source:
        """Keep a change of a source that can be read so."""
        changes = {
            **source.changes,
            **dict.fromkeys((*checked(given.options), *given.secrets), current_ms()),
        }
        self.store.change(
            source, options=dict(changed.options), secrets=dict(changed.secrets), changes=changes,
            error=None,
        )  # fmt: skip
        return self.store.get(source.name)

    def webhook(self, source: Source) -> SourceWebhook | None:
        """The webhook of a source; None = it takes none."""
        if not takes_webhooks(source):
            return None
        state = self.hints.state(source)
        told_by: ToldBy = "nothing" if state.token_hash is None else "address"
        if WEBHOOK_SECRET in source.secrets:
            told_by = "signature"
        return SourceWebhook(source.name, told_by, state.last_ms, state.counts)

    def new_webhook_path(self, name: str) -> str | None:
        """Give a source whose desk does not sign a new secret address for its webhooks, which
        nothing shows again; None = it takes none, or only signed ones."""
        source = self.store.get(name)
        if not takes_webhooks(source) or WEBHOOK_SECRET in source.secrets:
            return None
        token = new_token()
        self.hints.set_token(source, token_hash(token))
        return webhook_path(source.name, token)

    def change(self, name: str, given: Given) -> Source:
        """Change options and secrets. Raises `RequestError`, and `SourceError` when the desk cannot
        be read so."""
        source = self.store.get(name)
        changed = self.changed(source, given)
        if needs_test(given):
            self.access(changed)
        return self.keep_changed(source, changed, given)

    def remove(self, name: str) -> int:
        """Forget a source; returns how many of its events stay in the log."""
        source = self.store.get(name)
        self.forget(source)
        return self._in_log(source)

    def forget(self, source: Source) -> None:
        """Forget a source that nobody syncs. Raises `ConflictError`."""
        with alone(self.home, source):
            self.store.remove(source)
            self.hints.forget(source)

    def _in_log(self, source: Source) -> int:
        with open_of_folder(self.home, self.settings) as duck:
            return count_of_source(
                duck, event_log(self.home, self.settings).snapshot(), source.address
            )

    def reader(self, source: Source) -> DeskReader:
        """An open desk; the caller closes it."""
        return opened(
            self.home, source.kind, source.options, source.secrets, source.prefix, source.address
        )

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
                report = self._read(source, request, on_progress)
            except TawnyError as error:
                if sends:
                    self.store.change(source, error=to_json(error.text))
                raise
            if sends:
                self.store.change(
                    source, report=report.to_dict(), error=None, ended_ms=report.ended_ms
                )
            return report

    def _read(
        self, source: Source, request: SyncRequest, on_progress: Callable[[Progress], None]
    ) -> GapReport:
        told = ProgressFile(self.home, source)

        def tell(progress: Progress) -> None:
            told.tell(progress)
            on_progress(progress)

        try:
            with contextlib.closing(self.reader(source)) as reader:
                sync = Sync(
                    self.home, self.settings, self.database, source, reader, tell,
                    is_live=kind_of(source.kind).is_live,
                )  # fmt: skip
                return sync.run(request)
        finally:
            told.end()

    def compare(self, address: str, reader: DeskReader, until_us: int) -> list[dict[str, Any]]:
        """The desk's own counts by kind and month beside those of the log, if either has some."""
        there = reader.counts(until_us)
        snapshot = event_log(self.home, self.settings).snapshot()
        further: list[dict[str, Any]] = []
        with open_of_folder(self.home, self.settings) as duck:
            here = events_by_month(duck, snapshot, address, until_us)
            if isinstance(reader, FigureReader):
                told = figures_of_conversations(duck, snapshot, address, until_us)
                further = compared(reader.figures(), told)
        return [
            {
                "kind": kind,
                "month": month,
                "source": there.get((kind, month), 0),
                "log": here.get((kind, month), 0),
                "difference": there.get((kind, month), 0) - here.get((kind, month), 0),
            }
            for kind, month in sorted({*there, *here}, key=lambda one: (one[1], one[0]))
        ] + further


def takes_webhooks(source: Source) -> bool:
    """Whether what the desk of a source announces is heard."""
    has_some = kind_of(source.kind).webhook is not None
    return has_some and source.options.get("webhooks", "on") == "on"


def needs_test(given: Given) -> bool:
    """Whether a change may lead elsewhere, so that the desk is looked at before it is kept."""
    files = (name for name, one in OPTIONS.items() if one.form is Form.FILE)
    reads = any(name != WEBHOOK_SECRET for name in given.secrets)
    return reads or any(given.options.get(name) is not None for name in files)
