"""`tawny sources`: help desks in, by hand."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from tawny.cli.alignment import aligned
from tawny.cli.app import fail, say, settings
from tawny.cli.ingest import FRAGMENTED_FILES, REFUSED
from tawny.cli.sample import opened
from tawny.credentials import shown
from tawny.errors import TawnyError
from tawny.model.zones import instant_text
from tawny.sources import findings
from tawny.sources.kinds import kind_of
from tawny.sources.option_values import checked_instant
from tawny.sources.options import OPTIONS, Form
from tawny.sources.progress import Progress
from tawny.sources.reader import DeskAccess
from tawny.sources.report import (
    GapReport,
    count_line,
    lines,
    public,
    unknown_line,
    with_counts,
)
from tawny.sources.setup import Given, Sources
from tawny.sources.status import status_of
from tawny.sources.store import Source
from tawny.sources.sync import SyncRequest
from tawny.state.database import open_database
from tawny.text import Text, one_line
from tawny.upkeep.compact import compact

PREVIEWED = 10
"""So many events a dry run shows."""

_LONG_WAIT_S = 1.0
_SECRETS = [name for name, option in OPTIONS.items() if option.form is Form.SECRET]


@contextlib.contextmanager
def _sources(home: Path) -> Iterator[Sources]:
    with contextlib.closing(open_database(home, settings())) as database:
        yield Sources(home, settings(), database)


def _given(given: Mapping[str, Any]) -> Given:
    options = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if name not in _SECRETS and value != ()
    }
    secrets = {name: given[name] for name in _SECRETS if given.get(name) is not None}
    typed = sys.stdin.read() if "-" in secrets.values() else ""
    return Given(options, secrets, typed)


def add(
    home: Path, kind: str, name: str, prefix: str | None, since: str | None,
    given: Mapping[str, Any], output_format: str,
) -> None:  # fmt: skip
    """Test, say what is there, store."""
    new = _given(given)
    options = dict(new.options)
    if since is not None:
        options["since_ms"] = checked_instant("--since", since)
    with _sources(home) as sources:
        access = sources.add(kind, name, Given(options, new.secrets, new.standard_input), prefix)
        path = sources.new_webhook_path(name)
        source = sources.store.get(name)
    if output_format == "json":
        found = _source_json(source) | _access_json(access) | {"webhook_path": path}
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for line in findings.lines(access):
        click.echo(say(line))
    _tell_webhook_path(path)
    click.echo(say(Text("added {name}: tawny sources sync {name} reads it", name=name)))


def _tell_webhook_path(path: str | None) -> None:
    """A secret address, this once."""
    if path is not None:
        address = settings().text("public_url") + path
        click.echo(
            say(Text("webhooks that the desk does not sign are taken at {address}, which is shown "
                     "only now", address=address))
        )  # fmt: skip


def show(home: Path, output_format: str) -> None:
    """One line for each source."""
    with _sources(home) as sources:
        rows = [_row(home, source) for source in sources.store.all()]
    if output_format == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    heads = ("name", "kind", "state", "newest", "lag_s", "next_run", "open_gaps")
    cells = [
        ["-" if row[head] is None else one_line(str(row[head])) for head in heads]
        for row in (row | {"state": _with_share(row)} for row in rows)
    ]
    click.echo(aligned([head.replace("_", " ") for head in heads], cells))


def _row(home: Path, source: Source) -> dict[str, Any]:
    status = status_of(home, source)
    progress = status.progress
    return {
        "name": source.name,
        "kind": source.kind,
        "source": source.address,
        "state": status.state,
        "newest": None if source.newest_ms is None else instant_text(source.newest_ms),
        "lag_s": status.lag_s,
        "next_run": None if status.next_ms is None else instant_text(status.next_ms),
        "open_gaps": status.open_gaps,
        "error": None if status.error is None else say(status.error),
        "progress": None if progress is None else {
            "records": progress.records, "events": progress.events, "share": progress.share,
        },
    }  # fmt: skip


def _with_share(row: Mapping[str, Any]) -> str:
    """A state, and how much of everything is read where a sync goes on that knows it."""
    share = None if row["progress"] is None else row["progress"]["share"]
    return str(row["state"]) if share is None else f"{row['state']} {100 * share:.0f} %"


def check(home: Path, name: str, counts: bool, output_format: str) -> None:
    """Read only: what is there, what will be missing."""
    with _sources(home) as sources:
        source = sources.store.get(name)
        webhook = sources.webhook(source)
        compared: list[dict[str, Any]] = []
        with contextlib.closing(sources.reader(source)) as reader:
            access = reader.access()
            if counts:
                report = source.report or {}
                until_us = (
                    checked_instant("until", report["until"]) * 1000
                    if report.get("until")
                    else reader.now_us()
                )
                compared = sources.compare(source.address, reader, until_us)
    if counts and source.report is not None:
        with _sources(home) as sources:
            sources.store.change(source, report=with_counts(source.report, compared))
    if output_format == "json":
        answer = _source_json(source) | _access_json(access)
        answer["webhook"] = None if webhook is None else {
            "path": webhook.path,
            "told_by": webhook.told_by,
            "last": None if webhook.last_ms is None else instant_text(webhook.last_ms),
            **webhook.counts,
        }  # fmt: skip
        if counts:
            answer["counts"] = compared
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    for line in findings.lines(access):
        click.echo(say(line))
    if webhook is not None:
        click.echo(say(webhook.line()))
    for option, since_ms in source.changes.items():
        click.echo(
            say(Text("--{option} is as it is since {since}",
                     option=option.replace("_", "-"), since=instant_text(since_ms)))
        )  # fmt: skip
    unknown = None if source.report is None else unknown_line(source.report)
    if unknown is not None:
        click.echo(say(unknown))
    left_out = () if source.report is None else source.report["left_out"]
    for row in compared:
        click.echo(say(count_line(row, left_out)))


def sync(
    home: Path, name: str, *, since: str | None, until: str | None, full: bool, dry_run: bool,
    output: Path | None, accept_deletions: bool, output_format: str,
) -> None:  # fmt: skip
    """Read, and end with the counters and the status they mean."""
    since_ms = None if since is None else checked_instant("--since", since)
    until_ms = None if until is None else checked_instant("--until", until)
    progress_line = _ProgressLine(as_json=output_format == "json")
    with _sources(home) as sources:
        source = sources.store.get(name)
        with contextlib.ExitStack() as stack:
            stream: BinaryIO | None = None
            if output is not None:
                stream = stack.enter_context(opened(str(output)))
            elif dry_run and kind_of(source.kind).previews:
                stream = cast(BinaryIO, _FirstLines())
            request = SyncRequest(
                since_ms=since_ms, until_ms=until_ms, full=full, dry_run=dry_run, output=stream,
                accept_deletions=accept_deletions,
            )  # fmt: skip
            report = sources.sync(source, request, progress_line.update)
    progress_line.end()
    if not dry_run and output is None:
        try:
            compact(home, settings(), files_per_month=FRAGMENTED_FILES)
        except TawnyError as error:
            fail(Text("{error}; the events are kept, run tawny log compact later", error=error), 0)
    _finish(report, dry_run or output is not None)


def _finish(report: GapReport, nothing_sent: bool) -> None:
    for record, reason in report.left_out:
        sys.stderr.write(f"{record}: {say(reason)}\n")
    if report.gone_not_accepted:
        gone = ", ".join(f"{kind} {count}" for kind, count in report.gone_not_accepted.items())
        fail(
            Text("too many are gone at once, nothing was sent: {counts}; if that is right, run "
                 "tawny sources sync with --accept-deletions", counts=gone), 0,
        )  # fmt: skip
    if nothing_sent:
        for kind, count in sorted(report.events.items()):
            click.echo(f"{kind}={count}")
    counters = f"accepted={report.accepted} duplicates={report.duplicates} refused={report.refused}"
    read, ignored = sum(report.read.values()), sum(report.ignored.values())
    click.echo(f"read={read} {counters} ignored={ignored}")
    click.echo(counters)
    if report.refused or report.left_out_count:
        raise click.exceptions.Exit(REFUSED)


def report(home: Path, name: str, output_format: str) -> None:
    """The gap report of the last sync."""
    with _sources(home) as sources:
        source = sources.store.get(name)
    if output_format == "json":
        found = None if source.report is None else public(source.report)
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    if source.report is None:
        click.echo(say(Text("{name} was never synced", name=name)))
        return
    for line in lines(source.report):
        click.echo(say(line))


def change(home: Path, name: str, given: Mapping[str, Any]) -> None:
    """Change options and secrets."""
    with _sources(home) as sources:
        sources.change(name, _given(given))
        path = sources.new_webhook_path(name) if given.get("webhooks") == "on" else None
    _tell_webhook_path(path)
    click.echo(say(Text("{name} is changed", name=name)))


def pause(home: Path, name: str, *, paused: bool) -> None:
    """Pause or resume the schedule."""
    with _sources(home) as sources:
        sources.store.change(sources.store.get(name), paused=paused)
    click.echo(
        say(Text("{name} is paused", name=name) if paused else Text("{name} goes on", name=name))
    )


def remove(home: Path, name: str) -> None:
    """Forget a source."""
    with _sources(home) as sources:
        events = sources.remove(name)
    click.echo(say(Text("{name} is removed; {events} events of it stay", name=name, events=events)))


def _source_json(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "kind": source.kind,
        "source": source.address,
        "id_prefix": source.prefix,
        "options": dict(source.options),
        "secrets": {name: shown(kept) for name, kept in source.secrets.items()},
        "changed_since": {name: instant_text(ms) for name, ms in source.changes.items()},
    }


def _access_json(access: DeskAccess) -> dict[str, Any]:
    return {
        "account": access.account,
        "version": access.version,
        "found": dict(access.counts),
        "oldest": findings.instant(access.oldest_us),
        "newest": findings.instant(access.newest_us),
        "clock_difference_s": access.clock_difference_s,
        "not_measured": [
            {"columns": list(columns), "why": say(why)} for columns, why in access.not_measured
        ],
        "notes": [say(note) for note in access.notes],
    }


class _FirstLines(io.RawIOBase):
    """Prints the first lines that are written to it."""

    def __init__(self) -> None:
        self._left = PREVIEWED

    def writable(self) -> bool:
        """It is written to."""
        return True

    def write(self, block: Any) -> int:
        """Print what is left to print."""
        lines = bytes(block).splitlines()[: self._left]
        self._left -= len(lines)
        for line in lines:
            click.echo(line.decode())
        return len(block)


class _ProgressLine:
    """Progress on standard error: JSON lines when asked for, a line on a terminal, else nothing."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._shows = as_json or sys.stderr.isatty()
        self._begun = time.monotonic()
        self._last = 0.0

    def update(self, progress: Progress) -> None:
        """Say how far it is, at most twice a second."""
        now = time.monotonic()
        # A long wait is always told: nothing more comes until it is over.
        is_long = progress.waiting_s >= _LONG_WAIT_S
        if not self._shows or (now - self._last < 0.5 and not is_long):
            return
        self._last = now
        waiting = None
        if is_long:
            waiting = Text(
                "waiting {seconds:.0f} s for the limits of the desk", seconds=progress.waiting_s
            )
        elapsed = max(0.001, now - self._begun)
        share = progress.share
        left_s = None if not share else elapsed * (1 - share) / share
        if self._as_json:
            line = {
                "records": progress.records,
                "events": progress.events,
                "percent": None if share is None else round(100 * share, 1),
                "records_per_s": round(progress.records / elapsed, 1),
                "left_s": None if left_s is None else round(left_s),
                "waiting": None if waiting is None else say(waiting),
            }
            sys.stderr.write(json.dumps(line) + "\n")
            return
        text = Text("{records:,} records, {events:,} events, {speed:,.0f}/s",
                    records=progress.records, events=progress.events,
                    speed=progress.records / elapsed)  # fmt: skip
        if share is not None and left_s is not None:
            text = Text("{progress}, {percent:.0f} %, {left:.0f} s remaining",
                        progress=text, percent=100 * share, left=left_s)  # fmt: skip
        if waiting is not None:
            text = Text("{progress}, {waiting}", progress=text, waiting=waiting)
        sys.stderr.write(f"\r\x1b[K{say(text)}")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._shows and not self._as_json:
            sys.stderr.write("\r\x1b[K")
