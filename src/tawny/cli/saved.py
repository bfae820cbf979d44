"""`tawny saved`: saved exports of a data folder or a server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tawny.cli.app import settings
from tawny.cli.choice import choice_fields
from tawny.cli.export import export_here, is_folder
from tawny.cli.options import Given, Json, given_fields
from tawny.cli.printing import (
    is_json,
    named,
    print_fields,
    print_json,
    print_one,
    print_rows,
)
from tawny.exports.request import ALL, request_of_json
from tawny.model.zones import current_ms
from tawny.text import Text

if TYPE_CHECKING:
    from tawny.cli.saved_here import SavedHere
    from tawny.cli.saved_there import SavedThere

    Desk = SavedHere | SavedThere

_SAVED = Text("saved export")
_RANGE = ("from", "to", "as_of")
"""Fields of a request that a saved export does not have."""


@contextlib.contextmanager
def _desk(home: Path, given: Given) -> Iterator[Desk]:
    """The data folder, or the server, whichever was named."""
    desk: Desk
    if given["server"] is None:
        from tawny.cli.saved_here import SavedHere

        desk = SavedHere(home, settings(), given["owner"])
    else:
        from tawny.cli.saved_there import SavedThere

        desk = SavedThere(given["server"], given["owner"])
    with contextlib.closing(desk):
        yield desk


def list_saved(home: Path, given: Given) -> None:
    """One line for each."""
    with _desk(home, given) as desk:
        found = desk.list()
    heads = ("name", "owner", "shared", "period", "exports", "time_zone", "format")
    print_rows(given, found, heads, lambda one: {**one, **one["request"], **_readable(one)})


def show_saved(home: Path, name: str, given: Given) -> None:
    """All of one."""
    with _desk(home, given) as desk:
        found = named(_SAVED, name, desk.list())
    if is_json(given):
        print_json(found)
    else:
        print_fields({**found, **found["request"], **_readable(found), "request": None})


def add_saved(home: Path, name: str, types: Sequence[str], given: Given) -> None:
    """Save one."""
    body = {
        "name": name,
        "period": given["period"],
        "shared": bool(given["shared"]),
        **_types(types),
        **_fields(given),
    }
    with _desk(home, given) as desk:
        made = desk.add(body)
    print_one(given, made, Text("{name} is saved; tawny saved run makes its file", name=name))


def set_saved(home: Path, name: str, given: Given) -> None:
    """Change what is named."""
    with _desk(home, given) as desk:
        before = named(_SAVED, name, desk.list())
        body = {field: before[field] for field in ("name", "period", "shared")}
        body |= {key: value for key, value in before["request"].items() if key not in _RANGE}
        body |= _fields(given) | given_fields(
            given, period="period", new_name="name", shared="shared"
        )
        if given["types"]:
            body |= {"export": "", "exports": [], **_types(given["types"])}
        changed = desk.change(before["id"], body)
    print_one(given, changed, Text("{name} is changed", name=changed["name"]))


def remove_saved(home: Path, name: str, given: Given) -> None:
    """Forget one."""
    with _desk(home, given) as desk:
        found = named(_SAVED, name, desk.list())
        desk.remove(found["id"])
    print_one(given, found, Text("{name} is removed; files made of it stay", name=name))


def run_saved(home: Path, name: str, output: str, given: Given) -> None:
    """Make the file of what its period means now."""
    with _desk(home, given) as desk:
        found = named(_SAVED, name, desk.list())
        folder = is_folder(request_of_json(found["request"]), output)
        request = desk.run(found["id"], output, folder=folder)
    if request is not None:
        export_here(home, request, output, current_ms())


def _types(types: Sequence[str]) -> Json:
    """One export, or several as a bundle."""
    if len(types) > 1 or ALL in types:
        return {"exports": list(types)}
    return {"export": types[0]}


def _fields(given: Given) -> Json:
    return choice_fields(given) | given_fields(given, time_zone="time_zone", bundle="bundle")


def _readable(saved: Json) -> Json:
    request = saved["request"]
    exports = request.get("exports") or [request["export"]]
    return {"exports": exports, "shared": "yes" if saved["shared"] else "no", "export": None}
