"""`tawny verify`: whether the exports of the log agree with each other, and files are as they were
written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import click

from tawny.cli.app import settings
from tawny.cli.export import FAILED
from tawny.engine.repeated_events import left_out
from tawny.exports.request import ExportRequest
from tawny.exports.session import ExportSession
from tawny.intake.moving import move_inbox
from tawny.languages import translated
from tawny.model.zones import current_ms
from tawny.reading.identities import LOG_FILES, STORED_FILES
from tawny.reading.verify import (
    Finding,
    Verification,
    changed_log_files,
    finding_of_files,
)
from tawny.settings import chosen_language
from tawny.text import Text
from tawny.upkeep.stored_files import stored_files


def verify(
    home: Path,
    *,
    start: str | None,
    end: str | None,
    time_zone: str,
    channels: Sequence[str],
    as_of: str | None,
    output_format: Literal["text", "json"],
    language: Literal["en", "fr"] | None,
) -> None:
    """Check a range and print what was found; the options are those of `tawny verify`."""
    words_of = language or chosen_language()

    def say(text: Text) -> None:
        click.echo(translated(text, words_of))

    request = ExportRequest(
        export_type="messages",
        time_zone=time_zone,
        start=start,
        end=end,
        channels=tuple(channels),
        as_of=as_of,
    )
    move_inbox(home, settings())
    with ExportSession(home, settings(), current_ms()) as session:
        one = Verification(session, request)
        start_text, *cuts, end_text = (one.local_text(border) for border in one.borders)
        about = {
            "from": start_text,
            "to": end_text,
            "as_of": one.local_text(one.bounds.as_of_ms),
            "log_version": session.snapshot.version,
        }
        not_counting = len(left_out(session.engine, session.snapshot))
        if output_format == "json":
            findings = list(_findings(home, session, one))
            identities = [finding.to_dict() for finding in findings]
            content = about | {
                "cut_at": cuts, "checks": identities, "left_out_events": not_counting,
            }  # fmt: skip
            click.echo(json.dumps(content, indent=2))
        else:
            say(
                Text(
                    "from {start}\nto {end}\nalso cut at {cut_at}\nas of {as_of}, log version "
                    "{log_version}",
                    start=about["from"],
                    end=about["to"],
                    cut_at=", ".join(cuts),
                    as_of=about["as_of"],
                    log_version=str(about["log_version"]),
                )
            )
            click.echo()
            findings = []
            for finding in _findings(home, session, one):
                findings.append(finding)
                click.echo(_lines(finding, words_of))
    broken = sum(not finding.is_met for finding in findings)
    if output_format == "text":
        click.echo()
        say(Text("{met} checks passed, {broken} failed", met=len(findings) - broken, broken=broken))
        if not_counting:
            say(
                Text(
                    "{count:,} events are in no export: an earlier one has their source and id",
                    count=not_counting,
                )
            )
    if broken:
        raise click.exceptions.Exit(FAILED)


def _findings(home: Path, session: ExportSession, one: Verification) -> Iterator[Finding]:
    """The identities first, then the files behind them."""
    yield from one.findings()
    yield finding_of_files(LOG_FILES, len(session.snapshot.files), changed_log_files(session))
    kept = list(stored_files(home, settings()))
    yield finding_of_files(
        STORED_FILES, len(kept), [file.name for file in kept if not file.is_same]
    )


def _lines(finding: Finding, language: str) -> str:
    """What holds or not, and below it the numbers."""
    words = [translated(word, language) for word in (Text("passed"), Text("FAILED"))]
    word = words[0 if finding.is_met else 1]
    indent = " " * max(map(len, words))
    left, right = (translated(_number(finding, n), language) for n in (finding.left, finding.right))
    unit = translated(finding.identity.unit, language)
    numbers = f"{left} {_relation(finding)} {right} {unit}"
    if finding.broken:
        numbers += f"; {translated(Text('wrong: {broken:,}', broken=finding.broken), language)}"
    holds = translated(finding.identity.holds, language)
    names = "".join(f"\n{indent}  {name}" for name in finding.names)
    return f"{word:<{len(indent)}}  {holds}\n{indent}  {numbers}{names}"


def _relation(finding: Finding) -> str:
    """How the two numbers are to each other, whatever they should be."""
    if finding.left == finding.right:
        return "="
    if finding.identity.relation == "=":
        return "≠"
    return "<=" if finding.left < finding.right else ">"


def _number(finding: Finding, number: int) -> Text:
    if finding.identity.in_ms:
        return Text("{seconds:,.3f}", seconds=number / 1000)
    return Text("{number:,}", number=number)
