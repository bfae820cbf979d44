"""`tawny explain`: why a cell says what it says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click

from tawny.cli.app import settings
from tawny.explanations.explanation import explain
from tawny.explanations.telling import as_events, as_json, as_text
from tawny.exports.request import ExportRequest
from tawny.exports.session import ExportSession
from tawny.intake.moving import move_inbox
from tawny.model.zones import current_ms
from tawny.settings import chosen_language


def explain_cell(
    home: Path,
    *,
    export_type: str,
    row: str,
    column: str,
    start: str | None,
    end: str | None,
    time_zone: str | None,
    channels: Sequence[str],
    as_of: str | None,
    output_format: Literal["text", "json", "ndjson"],
    language: Literal["en", "fr"] | None,
) -> None:
    """Explain a cell and print it; the options are those of `tawny explain`."""
    request = ExportRequest(
        export_type=export_type,
        time_zone="UTC" if time_zone is None else time_zone,
        start=start,
        end=end,
        channels=tuple(channels),
        as_of=as_of,
    )
    now_ms = current_ms()
    move_inbox(home, settings())
    with ExportSession(home, settings(), now_ms) as session:
        found = explain(session, request, row, column)
    if output_format == "ndjson":
        click.echo(as_events(found))
    elif output_format == "json":
        told = as_json(found, language or chosen_language())
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        click.echo(as_text(found, language or chosen_language()))
