"""What options of sources may hold: one check for the command line, the API and the page."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tawny.errors import RequestError, UnknownValueError
from tawny.model.durations import checked_duration
from tawny.model.zones import instant_ms, to_ms
from tawny.settings import Settings
from tawny.sources.budget import checked_budget
from tawny.sources.options import OPTIONS, Form, SourceOption
from tawny.text import Text

LONGEST_TEXT = 4096
MOST_LISTED = 1000


def checked_instant(option: str, text: str) -> int:
    """A date (midnight UTC), a date-time in UTC or an instant with offset, in milliseconds since
    1970 UTC. Raises `RequestError`.

    >>> checked_instant("--since", "2025-01-01")
    1735689600000
    """
    found = instant_ms(text)
    if found is not None:
        return found
    try:
        parsed = datetime.datetime.fromisoformat(text)
        if not re.match(r"\d{4}-\d{2}-\d{2}(T|$)", text):
            raise ValueError
    except ValueError:
        raise RequestError(
            "{option}: found {text!r}; allowed a date such as 2025-01-01, or an instant such as "
            "2025-01-01T08:00:00Z",
            option=option,
            text=text,
        ) from None
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)
    return to_ms(aware)


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options that were given, as they are stored; what is None was not given. Raises
    `RequestError`."""
    found = {name: value for name, value in given.items() if value is not None}
    for name, value in found.items():
        if name in OPTIONS:
            found[name] = _checked(OPTIONS[name], value)
    if "every" in found:
        checked_duration("--every", found["every"], off=True, least="10s")
    if "lag" in found:
        checked_duration("--lag", found["lag"])
    if "budget" in found:
        found["budget"] = checked_budget(found["budget"])
    return found


def _checked(option: SourceOption, value: Any) -> Any:
    """A value of the form an option has."""
    if option.form is Form.SWITCH and isinstance(value, bool):
        return value
    if option.form is Form.NUMBER and not isinstance(value, bool):
        text = str(value)
        if re.fullmatch(r"[0-9]{1,15}", text) and int(text) >= 1:
            return int(text)
    if option.form is Form.CHOICE and isinstance(value, str):
        if value in option.choices:
            return value
        raise UnknownValueError(f"--{option.typed}", value, option.choices)
    if option.form is Form.LIST and isinstance(value, (list, tuple)):
        if len(value) <= MOST_LISTED and all(_is_text(one) for one in value):
            return list(value)
    elif option.form in (Form.TEXT, Form.FILE, Form.SECRET) and _is_text(value):
        return value
    raise RequestError(
        "--{option}: found {found}; allowed {allowed}",
        option=option.typed,
        found=_shown(option, value),
        allowed=_ALLOWED[option.form],
    )


_ALLOWED = {
    Form.SWITCH: "true, false",
    Form.NUMBER: Text("a whole number from {least} to {most}", least=1, most=10**15 - 1),
    Form.CHOICE: Text("a text"),
    Form.LIST: Text("a list of at most {most}, each of them {allowed}", most=MOST_LISTED,
                    allowed=Text("a text of {least} to {most} characters", least=1,
                                 most=LONGEST_TEXT)),
    Form.TEXT: Text("a text of {least} to {most} characters", least=1, most=LONGEST_TEXT),
    Form.FILE: Text("a text of {least} to {most} characters", least=1, most=LONGEST_TEXT),
    Form.SECRET: Text("a text of {least} to {most} characters", least=1, most=LONGEST_TEXT),
}  # fmt: skip


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_TEXT and "\0" not in value


def _shown(option: SourceOption, value: object) -> Text | str:
    if option.form is Form.SECRET or not isinstance(value, (str, int, float, bool)):
        return Text("something else")
    return (
        repr(value) if len(str(value)) <= 80 else Text("{count} characters", count=len(str(value)))
    )


def allowed_folders(settings: Settings) -> Sequence[Path]:
    """The folders below which files lie that sources may be given over the network."""
    text = settings.text("source_folders")
    return [Path(one).absolute() for one in text.split(os.pathsep) if one]


def check_files(options: Mapping[str, Any], settings: Settings) -> None:
    """Refuse files that may not be read on behalf of somebody who has no account on the machine.
    Raises `RequestError`."""
    for name, value in options.items():
        if name not in OPTIONS or OPTIONS[name].form is not Form.FILE:
            continue
        allowed = allowed_folders(settings)
        real = Path(value).resolve()
        if not allowed:
            raise RequestError(
                "--{option}: found {path}; TAWNY_SOURCE_FOLDERS allows no folder yet, whoever runs "
                "Tawny sets it",
                option=OPTIONS[name].typed,
                path=value,
            )
        if not Path(value).is_absolute() or not any(
            real.is_relative_to(folder.resolve()) for folder in allowed
        ):
            raise RequestError(
                "--{option}: found {path}; allowed a file below one of {allowed} "
                "(TAWNY_SOURCE_FOLDERS)",
                option=OPTIONS[name].typed,
                path=value,
                allowed=", ".join(map(str, allowed)),
            )
