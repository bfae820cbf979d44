"""The job that reads a conversation over time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tawny.background.job import Arguments, Tell
from tawny.background.moving import move_if_free
from tawny.exports.session import ExportSession
from tawny.settings import Settings
from tawny.timelines.drawing import as_part, as_svg
from tawny.timelines.reading import timeline
from tawny.timelines.telling import as_json


def conversation_timeline(
    home: Path, settings: Settings, arguments: Arguments, _tell: Tell
) -> dict[str, Any]:
    """What a timeline says, as `told`; where it is wanted with its drawings, `wide` and `narrow`
    for a page and a `file` of its own."""
    move_if_free(home, settings)
    language = arguments["language"]
    with ExportSession(home, settings, arguments["now_ms"]) as session:
        read = timeline(
            session,
            arguments["conversation"],
            time_zone=arguments["time_zone"],
            as_of=arguments["as_of"],
            channels=arguments["channels"],
        )
    told = {"told": as_json(read, language)}
    if not arguments["drawn"]:
        return told
    return told | {
        "wide": as_part(read, language, "wide"),
        "narrow": as_part(read, language, "narrow"),
        "file": as_svg(read, language),
    }
