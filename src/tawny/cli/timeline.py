"""`tawny timeline`: one conversation over time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

from tawny.cli.app import settings
from tawny.disk import translated_os_errors
from tawny.errors import RequestError
from tawny.exports.session import ExportSession
from tawny.intake.moving import move_inbox
from tawny.model.zones import current_ms
from tawny.private import as_users_own
from tawny.scratch import replaced_whole
from tawny.settings import chosen_language
from tawny.timelines.drawing import as_svg
from tawny.timelines.reading import timeline
from tawny.timelines.telling import as_json, as_text

_OF_ENDINGS: dict[str, Literal["svg", "json"]] = {".svg": "svg", ".json": "json"}


def show_timeline(
    home: Path,
    conversation: str,
    *,
    time_zone: str | None,
    as_of: str | None,
    output_format: Literal["text", "svg", "json"] | None,
    target: Path,
    language: Literal["en", "fr"] | None,
) -> None:
    """Print a timeline or write it to a file; the options are those of `tawny timeline`."""
    is_file = str(target) != "-"
    if is_file and (not target.parent.is_dir() or target.is_dir()):
        raise RequestError(
            "-o: found {target}; allowed the name of a file in a folder that exists", target=target
        )
    form = output_format or _OF_ENDINGS.get(target.suffix.lower(), "text")
    spoken = language or chosen_language()
    now_ms = current_ms()
    move_inbox(home, settings())
    with ExportSession(home, settings(), now_ms) as session:
        read = timeline(
            session,
            conversation,
            time_zone="UTC" if time_zone is None else time_zone,
            as_of=as_of,
        )
    if form == "svg":
        text = as_svg(read, spoken)
    elif form == "json":
        text = json.dumps(as_json(read, spoken), indent=2, ensure_ascii=False) + "\n"
    else:
        text = as_text(read, spoken) + "\n"
    if not is_file:
        click.echo(text, nl=False)
        return
    with translated_os_errors(str(target)), replaced_whole(target) as work:
        work.write_text(text, encoding="utf-8")
        as_users_own(work)
