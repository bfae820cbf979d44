"""`tawny log`: what is in the event log; compaction and erasure; accepting a damaged log."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Literal

import click

from tawny.cli.alignment import aligned
from tawny.cli.app import say, settings
from tawny.errors import RequestError
from tawny.intake.moving import move_inbox
from tawny.log.acceptance import Loss, loss_of
from tawny.model.zones import instant_text
from tawny.reading.log_status import LogStatus, log_status
from tawny.state.event_log import event_log
from tawny.text import Text, one_line
from tawny.upkeep.compact import compact as compact_log
from tawny.upkeep.erase import purge
from tawny.upkeep.exported_files import ExportedFile


def show(home: Path, output_format: Literal["text", "json"]) -> None:
    """Print what is in the log."""
    status = log_status(home, settings())
    refused = _refused(home)
    if output_format == "json":
        click.echo(
            json.dumps(status.to_dict() | {"refused": refused}, indent=2, ensure_ascii=False)
        )
    else:
        _print(status, refused)


def _refused(home: Path) -> int:
    if not settings().has_state(home):
        return 0
    # A folder without refusals does not wait for the database's library.
    from tawny.state.refusals import RefusalStore

    return RefusalStore(home, settings()).count()


def _drop_old_values(home: Path) -> None:
    from tawny.runs.expiry import drop_old_values
    from tawny.state.database import open_database

    with contextlib.closing(open_database(home, settings())) as database:
        drop_old_values(home, settings(), database)


def _print(status: LogStatus, refused: int) -> None:
    rows = [
        (row.type, f"{row.events:,}", instant_text(row.first_ms), instant_text(row.last_ms))
        for row in status.types
    ]
    click.echo(aligned(("type", "events", "first", "last"), rows, right=("events",)))
    if status.channels:
        channels = [
            (
                one_line(one.channel_id),
                one_line(one.name or ""),
                _instant(one.newest_ms),
                _instant(one.complete_until_ms),
                one.by,
            )
            for one in status.completeness()
        ]
        heads = ("channel", "name", "newest event", "complete until", "by")
        click.echo("\n" + aligned(heads, channels))
    click.echo(
        f"\nevents {status.events:,}   size {status.size_bytes:,} bytes   "
        f"files {status.files:,}   version {status.version}   refused so far {refused:,}"
    )


def _instant(instant_ms: int | None) -> str:
    return "" if instant_ms is None else instant_text(instant_ms)


def _file_line(file: ExportedFile) -> Text:
    name = one_line(file.name)
    if file.what == "yours" and file.sure:
        return Text("an erased contact is in it, delete it or export it again: {name}", name=name)
    if file.what == "yours":
        return Text(
            "an erased contact may be in it, delete it or export it again: {name}", name=name
        )
    if file.what == "gone":
        text = Text("an erased contact may be in copies of it: {name}", name=name)
    elif file.sure:
        text = Text("deleted, an erased contact was in it: {name}", name=name)
    else:
        text = Text("deleted, an erased contact may have been in it: {name}", name=name)
    if not file.people:
        return text
    people = ", ".join(one_line(person) for person in file.people)
    return Text("{text}; downloaded by {people}", text=text, people=people)


def compact(home: Path) -> None:
    """Compact the log, purge who was erased, print what was found of them."""
    # An erasure that was acknowledged a moment ago is carried out by this call.
    move_inbox(home, settings())
    if _refused(home):
        _drop_old_values(home)
    purged = purge(home, settings())
    for file in purged.exported:
        click.echo(say(_file_line(file)))
    result = compact_log(home, settings())
    click.echo(
        f"files_before={result.files_before} files_after={result.files_after} "
        f"deleted_files={result.deleted_files} erased_contacts={purged.contacts} "
        f"purged_files={purged.files}"
    )


def accept(home: Path, yes: bool, output_format: Literal["text", "json"]) -> None:
    """Print what is lost of a log, ask, and take what is left."""
    log = event_log(home, settings())
    loss = loss_of(log)
    if loss is None:
        snapshot = log.snapshot()
        nothing = Text(
            "nothing is lost: {events} events in version {version}, as acknowledged",
            events=snapshot.rows,
            version=snapshot.version,
        )
        click.echo('{"accepted": false, "loss": null}' if output_format == "json" else say(nothing))
        return
    if output_format == "text":
        for line in _lines_of(loss):
            click.echo(say(line))
    if not yes:
        if not sys.stdin.isatty():
            raise RequestError("--yes: found nothing; add it to take the log as it is")
        if not click.confirm(say(Text("Take the log as it is?")), err=True):
            raise click.exceptions.Exit(1)
    with log.writing():
        loss = loss_of(log) or loss
        # The audit trail needs the database's library, which nothing else here does.
        from tawny.upkeep.accept import accept_loss

        left = accept_loss(home, settings(), log, loss)
    if output_format == "json":
        click.echo(json.dumps({"accepted": True, "loss": _loss_json(loss)}, indent=2))
        return
    done = Text(
        "accepted: {events} events in version {version}", events=left.events, version=left.version
    )
    click.echo(say(done))


def _lines_of(loss: Loss) -> list[Text]:
    lines = []
    if loss.acknowledged is not None:
        lines.append(
            Text(
                "acknowledged: {events} events in version {version}",
                events=loss.acknowledged.events,
                version=loss.acknowledged.version,
            )
        )
    lines.append(
        Text("left: {events} events in version {version}",
             events=loss.events_left, version=loss.left.version)
    )  # fmt: skip
    if loss.acknowledged is not None:
        lost = max(0, loss.acknowledged.events - loss.events_left)
        lines.append(Text("lost: {events} events", events=lost))
    lines += [damaged.what for damaged in loss.files]
    lines += [Text("cannot be read, would be set aside: {path}", path=p) for p in loss.set_aside]
    return lines


def _loss_json(loss: Loss) -> dict[str, object]:
    before = loss.acknowledged
    return {
        "events_acknowledged": None if before is None else before.events,
        "version_acknowledged": None if before is None else before.version,
        "events_left": loss.events_left,
        "version_left": loss.left.version,
        "files": [damaged.file.path for damaged in loss.files],
        "set_aside": [path.name for path in loss.set_aside],
    }
