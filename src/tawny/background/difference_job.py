"""The job that compares an export in two states of the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import convert

from tawny.background.job import Arguments, Tell
from tawny.background.moving import move_if_free
from tawny.differences.asked import NamedSide, two_sides
from tawny.differences.comparison import Comparison
from tawny.differences.folding import folds
from tawny.differences.telling import as_json, folds_json
from tawny.exports.request import request_of_json
from tawny.settings import Settings


def differences(
    home: Path, settings: Settings, arguments: Arguments, _tell: Tell
) -> dict[str, Any]:
    """What differs in an export between two states, some rows of it with their causes; folded into
    so many `folds` at most where that is asked for."""
    move_if_free(home, settings)
    given = bool(arguments["given_channels"])
    named = [convert(side, NamedSide) for side in arguments["sides"]]
    asked, now_ms = request_of_json(arguments["request"]), arguments["now_ms"]
    before, now = two_sides(home, settings, named, asked, now_ms)
    with Comparison(home, settings, before, now, hides_elsewhere=given) as comparison:
        first, language = arguments["offset"], arguments["language"]
        rows = comparison.rows(first, first + arguments["limit"])
        if not arguments["most_folds"]:
            return as_json(comparison, list(rows), language, first)
        found = list(folds(rows, arguments["most_folds"]))
        told = folds_json(comparison, found, language)
        return as_json(comparison, [], language, first) | {"folds": told}
