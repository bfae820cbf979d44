"""`tawny check`: whether the exports of the log agree with each other."""

from __future__ import annotations

import json
import time
from typing import Annotated, Literal

import typer

from tawny.cli.app import app, home_of, settings
from tawny.cli.export import move_inbox
from tawny.exports.request import ExportRequest
from tawny.runs.check import Check, Finding
from tawny.runs.export import ExportSession
from tawny.settings import chosen_language

FAILED = 4
"""Exit status when a check fails."""

_WORDS = {
    "en": {
        "met": "passed",
        "broken": "FAILED",
        "rows": "wrong: {broken:,}",
        "range": "from {from}\nto {to}\nalso cut at {cut_at}\nas of {as_of}, log version "
        "{log_version}\n",
        "sum": "\n{met} checks passed, {broken} failed",
    },
    "fr": {
        "met": "réussi",
        "broken": "ÉCHEC",
        "rows": "en défaut : {broken:,}",
        "range": "de {from}\nà {to}\ncoupé aussi à {cut_at}\nétat à {as_of}, version {log_version} "
        "du journal\n",
        "sum": "\n{met} contrôles réussis, {broken} en échec",
    },
}


@app.command("check")
def check(
    context: typer.Context,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="MOMENT", help="Begin of the range; default the first event."
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="MOMENT", help="End of the range; default after the last event."
        ),
    ] = None,
    time_zone: Annotated[str, typer.Option("--tz", metavar="ZONE", help="IANA time zone.")] = "UTC",
    channels: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="ID", help="Only this channel; may be repeated."),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="INSTANT", help="Only events up to it; default now."),
    ] = None,
    output_format: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print it.")
    ] = "text",
    language: Annotated[
        Literal["en", "fr"] | None,
        typer.Option("--language", help="Of the texts; default that of the settings."),
    ] = None,
) -> None:
    """Check on the log that the exports agree with each other.

    Runs the exports of the range, and of adjoining ranges that it is cut into, and compares them:
    nothing is lost or counted twice at a border, numbers shown in two places are the same. Prints
    each check with its two numbers. Ends with 0 when all pass, 4 when one fails.
    """
    home = home_of(context)
    words_of = language or chosen_language()
    request = ExportRequest(
        export_type="messages",
        time_zone=time_zone,
        start=start,
        end=end,
        channels=tuple(channels or ()),
        as_of=as_of,
    )
    move_inbox(home)
    with ExportSession(home, settings(), time.time_ns() // 1_000_000) as session:
        one = Check(session, request)
        start_text, *cuts, end_text = (one.local_text(border) for border in one.borders)
        about = {
            "from": start_text,
            "to": end_text,
            "as_of": one.local_text(one.bounds.as_of_ms),
            "log_version": session.snapshot.version,
        }
        if output_format == "json":
            findings = list(one.findings())
            identities = [_shown(finding) for finding in findings]
            content = about | {"cut_at": cuts, "checks": identities}
            typer.echo(json.dumps(content, indent=2))
        else:
            words = _WORDS[words_of]
            typer.echo(words["range"].format(**about, cut_at=", ".join(cuts)))
            findings = []
            for finding in one.findings():
                findings.append(finding)
                typer.echo(_lines(finding, words_of))
    broken = sum(not finding.is_met for finding in findings)
    if output_format == "text":
        typer.echo(words["sum"].format(met=len(findings) - broken, broken=broken))
    if broken:
        raise typer.Exit(FAILED)


def _lines(finding: Finding, language: str) -> str:
    """What holds or not, and below it the numbers."""
    identity, words = finding.identity, _WORDS[language]
    word = words["met" if finding.is_met else "broken"]
    indent = " " * max(len(words["met"]), len(words["broken"]))
    left, right = (_number(finding, number, language) for number in (finding.left, finding.right))
    numbers = f"{left} {_relation(finding)} {right} {identity.unit[language]}"
    if finding.broken:
        numbers += f"; {words['rows'].format(broken=finding.broken)}"
    return f"{word:<{len(indent)}}  {identity.holds[language]}\n{indent}  {numbers}"


def _relation(finding: Finding) -> str:
    """How the two numbers are to each other, whatever they should be."""
    if finding.left == finding.right:
        return "="
    if finding.identity.relation == "=":
        return "≠"
    return "<=" if finding.left < finding.right else ">"


def _number(finding: Finding, number: int, language: str) -> str:
    text = f"{number / 1000:,.3f}" if finding.identity.in_ms else f"{number:,}"
    return text.translate(_FRENCH) if language == "fr" else text


_FRENCH = str.maketrans({",": "\N{NARROW NO-BREAK SPACE}", ".": ","})
"""How French writes thousands and fractions."""


def _shown(finding: Finding) -> dict[str, object]:
    identity = finding.identity
    return {
        "name": identity.name,
        "holds": identity.holds["en"],
        "met": finding.is_met,
        "left": finding.left,
        "relation": identity.relation,
        "right": finding.right,
        "unit": "ms" if identity.in_ms else identity.unit["en"],
        "broken": finding.broken,
    }
