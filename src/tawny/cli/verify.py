"""`tawny verify`: whether the exports of the log agree with each other, and files are as they were
written."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
from tawny.reading.verification import all_findings
from tawny.reading.verify import Finding, Verification
from tawny.reading.verify_words import holds_of, numbers_of
from tawny.settings import chosen_language
from tawny.text import Text


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
            findings = list(all_findings(home, session, one))
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
            for finding in all_findings(home, session, one):
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


def _lines(finding: Finding, language: str) -> str:
    """What holds or not, and below it the numbers."""
    words = [translated(word, language) for word in (Text("passed"), Text("FAILED"))]
    word = words[0 if finding.is_met else 1]
    indent = " " * max(map(len, words))
    holds = translated(holds_of(finding.identity.name), language)
    numbers = numbers_of(
        finding.identity.name, finding.left, finding.right, finding.broken, language
    )
    names = "".join(f"\n{indent}  {name}" for name in finding.names)
    return f"{word:<{len(indent)}}  {holds}\n{indent}  {numbers}{names}"
