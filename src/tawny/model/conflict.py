"""An event whose `source` and `id` belong to another event already: what differs, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tawny.model.layout import ENVELOPE_COLUMNS
from tawny.model.refusals import Refusal, shown
from tawny.model.zones import instant_text
from tawny.text import Text, joined

Values = Mapping[str, object]
"""The columns of an event in its family's table; `time` in milliseconds since 1970 UTC."""

ALLOWED = Text("the same event again, or an id of its own")

_IDENTITY = ("source", "id")


def differing(there: Values, came: Values) -> list[str]:
    """The columns in which two events differ, in the order of the envelope and of the fields. Of
    events of different types only what every event has is compared."""
    names = [name for name in came if name not in _IDENTITY]
    if there["type"] != came["type"]:
        names = [name for name in names if name in ENVELOPE_COLUMNS]
    return [name for name in names if there.get(name) != came[name]]


def conflict(number: int, there: Values, came: Values, names: list[str]) -> Refusal:
    """The refusal of an event that came as that line or index, given what differs from the event
    that is there."""
    differences = [
        Text(
            "{field} {came} instead of {there}",
            field=name if name in ENVELOPE_COLUMNS else f"data.{name}",
            came=_shown(name, came[name]),
            there=_shown(name, there.get(name)),
        )
        for name in names
    ]
    found = Text(
        "{id} again with {differences}",
        id=shown(came["id"]),
        differences=joined(", ", differences),
    )
    return Refusal(number, "id", found, ALLOWED)


def _shown(name: str, value: object) -> Text | str:
    if value is None:
        return Text("nothing")
    if name == "time":
        assert isinstance(value, int)
        return shown(instant_text(value))
    if name == "business_hours":
        return shown(json.loads(str(value)))
    return shown(value)
