"""A verification as somebody asked for it, and what came of it."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tawny.asked_files import AskedFiles
from tawny.engine.repeated_events import left_out
from tawny.exports.request import ExportRequest
from tawny.exports.session import ExportSession
from tawny.intake.moving import move_inbox
from tawny.model.zones import current_ms, from_ms, to_ms
from tawny.reading.identities import LOG_FILES, STORED_FILES
from tawny.reading.verify import Finding, Verification, changed_log_files, finding_of_files
from tawny.settings import Settings
from tawny.upkeep.stored_files import stored_files

VERIFICATIONS = "verifications"
"""The folder of verifications in a data folder."""
MOST_KEPT = 100
"""The newest results are kept."""


class VerificationRequest(Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """What is to be verified; without a range that of the log."""

    id: str
    requested_by: str
    """The name the person signs in with."""
    requested_at: datetime.datetime
    time_zone: str = "UTC"
    start: str | None = None
    end: str | None = None
    channels: tuple[str, ...] = ()
    as_of: str | None = None

    @property
    def requested_ms(self) -> int:
        """When it was requested, in milliseconds since 1970 UTC."""
        return to_ms(self.requested_at)

    def export_request(self) -> ExportRequest:
        """The exports that are compared, as a request for one of them."""
        return ExportRequest(
            export_type="messages",
            time_zone=self.time_zone,
            start=self.start,
            end=self.end,
            channels=self.channels,
            as_of=self.as_of,
        )


class VerifiedCheck(Struct):
    """One check: what it compares, both sides, and the first of the rows or files that break it."""

    name: str
    left: int
    right: int
    broken: int
    met: bool
    broken_names: list[str]


class VerificationResult(Struct, rename={"start": "from", "end": "to"}):
    """What came of a verification; `start`, `cut_at`, `end` and `as_of` are local times."""

    id: str
    request: VerificationRequest
    ended_at: datetime.datetime
    start: str
    end: str
    cut_at: list[str]
    as_of: str
    log_version: int
    checks: list[VerifiedCheck]
    left_out_events: int
    """Events in no export, because an earlier one has their source and id."""
    passed: bool

    @property
    def failed(self) -> int:
        """How many checks failed."""
        return sum(not check.met for check in self.checks)


def new_verification(
    requested_by: str,
    *,
    time_zone: str = "UTC",
    start: str | None = None,
    end: str | None = None,
    channels: tuple[str, ...] = (),
    as_of: str | None = None,
) -> VerificationRequest:
    """A request of now."""
    return VerificationRequest(
        secrets.token_hex(8), requested_by, from_ms(current_ms()),
        time_zone, start, end, channels, as_of,
    )  # fmt: skip


def verifications(home: Path) -> AskedFiles[VerificationRequest, VerificationResult]:
    """Those of a data folder."""
    return AskedFiles(home / VERIFICATIONS, VerificationRequest, VerificationResult)


def keep_result(home: Path, result: VerificationResult) -> None:
    """Put a result on the disk; the oldest goes where there are too many. Raises `StorageError`."""
    files = verifications(home)
    files.finish(result)
    newest = sorted(files.results(), key=lambda one: (one.ended_at, one.id), reverse=True)
    for old in newest[MOST_KEPT:]:
        files.forget(old.id)


def all_findings(home: Path, session: ExportSession, one: Verification) -> Iterator[Finding]:
    """The identities first, then the files behind them."""
    yield from one.findings()
    yield finding_of_files(LOG_FILES, len(session.snapshot.files), changed_log_files(session))
    kept = list(stored_files(home, session.settings))
    yield finding_of_files(
        STORED_FILES, len(kept), [file.name for file in kept if not file.is_same]
    )


def verify_as_asked(
    home: Path, settings: Settings, request: VerificationRequest
) -> VerificationResult:
    """Verify the log of a data folder. Raises `RequestError` for a range that is none, and what
    exports raise."""
    move_inbox(home, settings)
    with ExportSession(home, settings, current_ms()) as session:
        one = Verification(session, request.export_request())
        start, *cuts, end = (one.local_text(border) for border in one.borders)
        checks = [
            VerifiedCheck(
                found.identity.name, found.left, found.right, found.broken, found.is_met,
                list(found.names),
            )
            for found in all_findings(home, session, one)
        ]  # fmt: skip
        return VerificationResult(
            request.id, request, from_ms(current_ms()), start, end, cuts,
            one.local_text(one.bounds.as_of_ms), session.snapshot.version, checks,
            len(left_out(session.engine, session.snapshot)),
            all(check.met for check in checks),
        )  # fmt: skip
