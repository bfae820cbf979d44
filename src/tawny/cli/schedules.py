"""`tawny schedules` and `tawny deliveries`: on a data folder or a server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tawny.cli.app import say, settings
from tawny.cli.choice import choice_fields
from tawny.cli.completeness import lacking
from tawny.cli.options import Given, Json, given_fields
from tawny.cli.printing import (
    is_json,
    named,
    print_fields,
    print_json,
    print_one,
    print_rows,
)
from tawny.errors import RequestError
from tawny.text import Text, one_line

if TYPE_CHECKING:
    from tawny.cli.schedules_here import SchedulesHere
    from tawny.cli.schedules_there import SchedulesThere

    Desk = SchedulesHere | SchedulesThere

_UNDELIVERED = ("failed", "given_up")
_SHOWN_DELIVERIES = 10
_SCHEDULE = Text("schedule")


@contextlib.contextmanager
def desk_of(home: Path, given: Given) -> Iterator[Desk]:
    """The data folder, or the server, whichever was named."""
    desk: Desk
    if given["server"] is None:
        from tawny.cli.schedules_here import SchedulesHere

        desk = SchedulesHere(home, settings(), given["owner"])
    else:
        from tawny.cli.schedules_there import SchedulesThere

        desk = SchedulesThere(given["server"], given["owner"])
    with contextlib.closing(desk):
        yield desk


# --- schedules ------------------------------------------------------------------------------------


def list_schedules(home: Path, given: Given) -> None:
    """One line for each schedule."""
    with desk_of(home, given) as desk:
        found = desk.schedules()
    heads = ("name", "owner", "frequency", "state", "next_run_at", "last_delivered_at", "failing")
    print_rows(given, found, heads, lambda one: {**one, "state": _state(one)})


def show_schedule(home: Path, name: str, given: Given) -> None:
    """All of one, and its last deliveries."""
    with desk_of(home, given) as desk:
        found = named(_SCHEDULE, name, desk.schedules())
        last = desk.deliveries(found["id"], "", [], _SHOWN_DELIVERIES)
    if is_json(given):
        print_json({**found, "deliveries": last})
        return
    print_fields(found)
    if last:
        click.echo()
        _print_deliveries(given, last)


def add_schedule(home: Path, name: str, types: Sequence[str], given: Given) -> None:
    """Make one and say when it first runs."""
    body = {
        "name": name,
        "exports": list(types),
        "frequency": given["frequency"],
        "active": not given["paused"],
        **given_fields(given, time_zone="time_zone"),
        **_schedule_fields(given),
        "changes": given["changes"],
    }
    with desk_of(home, given) as desk:
        made = desk.add_schedule(body)
    print_one(given, made, Text("{name} is made; its next run is at {at}",
                                 name=name, at=made["next_run_at"] or "-"))  # fmt: skip


def set_schedule(home: Path, name: str, given: Given) -> None:
    """Change what is named."""
    with desk_of(home, given) as desk:
        before = named(_SCHEDULE, name, desk.schedules())
        fields = (
            *("name", "exports", "time_zone", "channels", "columns", "headers", "format"),
            *("dialect", "long_cells", "bundle", "content", "frequency", "delay", "wait"),
            *("corrections", "changes", "notify", "destinations", "active"),
        )
        body = {field: before[field] for field in fields}
        body |= _schedule_fields(given) | given_fields(given, new_name="name", give_to="owner")
        if given["types"]:
            body["exports"] = list(given["types"])
        changed = desk.change_schedule(before["id"], body)
    print_one(given, changed, Text("{name} is changed", name=changed["name"]))


def remove_schedule(home: Path, name: str, given: Given) -> None:
    """Take one away."""
    with desk_of(home, given) as desk:
        found = named(_SCHEDULE, name, desk.schedules())
        desk.remove_schedule(found["id"])
    print_one(given, found, Text("{name} is removed; what was delivered stays", name=name))


def set_active(home: Path, name: str, given: Given, *, active: bool) -> None:
    """Pause one, or have it go on."""
    with desk_of(home, given) as desk:
        found = desk.set_active(named(_SCHEDULE, name, desk.schedules())["id"], active=active)
    said = Text("{name} goes on", name=name) if active else Text("{name} is paused", name=name)
    print_one(given, found, said)


def run_schedule(home: Path, name: str | None, given: Given, *, due: bool) -> None:
    """Make the last range of one, or whatever is due."""
    if (name is None) != due:
        raise RequestError("NAME: found {found}; name a schedule, or give --due alone",
                           found=name or Text("nothing"))  # fmt: skip
    with desk_of(home, given) as desk:
        if name is None:
            if not desk.run_due():
                click.echo(say(Text("a server carries out what is due")), err=True)
                return
            _print_outcome(given, desk, None)
            return
        made = desk.run_schedule(named(_SCHEDULE, name, desk.schedules())["id"])
        _print_outcome(given, desk, made)


def backfill(home: Path, name: str, start: str, end: str, given: Given, *, again: bool) -> None:
    """Make ranges of the past."""
    with desk_of(home, given) as desk:
        number = named(_SCHEDULE, name, desk.schedules())["id"]
        made = desk.backfill(number, {"from": start, "to": end, "again": again})
        _print_outcome(given, desk, made)


def _print_outcome(given: Given, desk: Desk, made: Json | None) -> None:
    """What was made of ranges; ends with 1 when something could not be delivered."""
    found = desk.touched()
    if is_json(given):
        print_json({**(made or {}), "deliveries": found})
    elif found:
        _print_deliveries(given, found)
    elif made is None or not made["ranges"]:
        click.echo(say(Text("nothing is to be made")))
    else:
        click.echo(say(Text("a server makes it (ranges: {count}); tawny deliveries list shows what "
                            "becomes of it", count=made["ranges"])))  # fmt: skip
    if any(one["state"] in _UNDELIVERED for one in found):
        raise click.exceptions.Exit(1)


def _schedule_fields(given: Given) -> Json:
    fields = choice_fields(given) | given_fields(
        given, delay="delay", wait="wait", corrections="corrections", content="content"
    )
    if given["destinations"]:
        fields["destinations"] = list(given["destinations"])
    if given["notify"]:
        fields["notify"] = list(given["notify"])
    return fields


def _state(schedule: Json) -> str:
    if schedule["stopped"] is not None:
        return say(Text("stopped"))
    return say(Text("active")) if schedule["active"] else say(Text("paused"))


# --- deliveries -----------------------------------------------------------------------------------


def list_deliveries(home: Path, given: Given) -> None:
    """One line for each delivery."""
    with desk_of(home, given) as desk:
        number = None
        if given["schedule"] is not None:
            number = named(_SCHEDULE, given["schedule"], desk.schedules())["id"]
        found = desk.deliveries(
            number, given["destination"] or "", list(given["states"]), given["limit"]
        )
    _print_deliveries(given, found)


def show_delivery(home: Path, number: int, given: Given) -> None:
    """All of one."""
    with desk_of(home, given) as desk:
        found = desk.delivery(number)
    _print_delivery(given, found)


def retry_delivery(home: Path, number: int, given: Given) -> None:
    """Try one now."""
    with desk_of(home, given) as desk:
        found = desk.retry(number)
    _print_delivery(given, found)
    if found["state"] in _UNDELIVERED:
        raise click.exceptions.Exit(1)


def send_export(home: Path, run_id: str, destination: str, given: Given) -> None:
    """Send a run once."""
    with desk_of(home, given) as desk:
        found = desk.send(run_id, destination)
    _print_delivery(given, found)
    if found["state"] in _UNDELIVERED:
        raise click.exceptions.Exit(1)


def _print_deliveries(given: Given, found: Sequence[Json]) -> None:
    heads = ("id", "schedule", "from", "to", "revision", "destination", "state", "late_channels",
             "changes", "reason")  # fmt: skip
    print_rows(given, found, heads, _delivery_row)


def _delivery_row(one: Json) -> Json:
    late = one["incomplete"]
    return {
        **one,
        **one["slot"],
        "late_channels": late and f"{late['count']}/{late['all']}",
        "changes": _signed(one["changes"]),
    }


def _signed(changes: Json | None) -> str | None:
    """`+1 -0 ~2`: how many rows of a revision were added, removed, changed."""
    return None if changes is None else "+{added} -{removed} ~{changed}".format(**changes)


def _print_delivery(given: Given, found: Json) -> None:
    if is_json(given):
        print_json(found)
        return
    print_fields({**found, **found["slot"], "slot": None, "files": None, "incomplete": None,
                  "changes": _signed(found["changes"])})  # fmt: skip
    if found["incomplete"] is not None:
        click.echo(say(lacking(found["incomplete"])))
    for file in found["files"]:
        click.echo(f"{file['sha256']}  {one_line(file['name'])}")
