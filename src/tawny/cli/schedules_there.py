"""Schedules of a server, asked over the API."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from tawny.cli.options import Json, option_of
from tawny.cli.remote import client_of_desk
from tawny.text import Text


class SchedulesThere:
    """The schedules, destinations and deliveries of a server."""

    def __init__(self, url: str, owner: str | None) -> None:
        scopes = Text("the scope schedules:write, and admin for destinations")
        self._client = client_of_desk(url, owner, scopes)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def schedules(self) -> list[Json]:
        """All of them."""
        return self._list("/schedules")

    def add_schedule(self, body: Json) -> Json:
        """Make one."""
        return self._one("POST", "/schedules", body)

    def change_schedule(self, number: int, body: Json) -> Json:
        """Set one otherwise."""
        return self._one("PUT", f"/schedules/{number}", body)

    def remove_schedule(self, number: int) -> None:
        """Take one away."""
        self._client.ask("DELETE", f"/schedules/{number}")

    def set_active(self, number: int, *, active: bool) -> Json:
        """Pause one, or have it go on."""
        return self._one("POST", f"/schedules/{number}/{'resume' if active else 'pause'}")

    def apply(self, body: Json, secrets: Sequence[Mapping[str, str]]) -> Json:
        """Make destinations, saved exports and schedules what a body says; secrets of each
        destination as they are given in a file."""
        destinations = [
            one | _plain(given, "")
            for one, given in zip(body["destinations"], secrets, strict=True)
        ]
        return self._one("POST", "/schedules/apply", {**body, "destinations": destinations})

    def run_schedule(self, number: int) -> Json:
        """Make its last whole range."""
        return self._one("POST", f"/schedules/{number}/run")

    def backfill(self, number: int, body: Json) -> Json:
        """Make ranges of the past."""
        return self._one("POST", f"/schedules/{number}/backfill", body)

    def run_due(self) -> bool:
        """The server does it."""
        return False

    def destinations(self) -> list[Json]:
        """All of them."""
        return self._list("/destinations")

    def add_destination(self, body: Json, secrets: Mapping[str, str], typed: str) -> Json:
        """Set one up; secrets as they were given, and what standard input holds of them."""
        return self._one("POST", "/destinations", body | _plain(secrets, typed))

    def change_destination(
        self, number: int, body: Json, secrets: Mapping[str, str], typed: str
    ) -> Json:
        """Set one otherwise; secrets that are not given stay."""
        return self._one("PUT", f"/destinations/{number}", body | _plain(secrets, typed))

    def remove_destination(self, number: int) -> None:
        """Forget one."""
        self._client.ask("DELETE", f"/destinations/{number}")

    def test_destination(self, number: int) -> Json:
        """Try one out."""
        return self._one("POST", f"/destinations/{number}/test")

    def deliveries(
        self, schedule_id: int | None, destination: str, states: list[str], limit: int
    ) -> list[Json]:
        """The newest."""
        wanted: list[tuple[str, object]] = [("limit", limit), *(("state", s) for s in states)]
        if schedule_id is not None:
            wanted.append(("schedule_id", schedule_id))
        if destination:
            wanted.append(("destination", destination))
        found: list[Json] = self._one("GET", f"/deliveries?{urlencode(wanted)}")["items"]
        return found

    def delivery(self, number: int) -> Json:
        """One of them."""
        return self._one("GET", f"/deliveries/{number}")

    def retry(self, number: int) -> Json:
        """Try one now."""
        return self._one("POST", f"/deliveries/{number}/retry")

    def send(self, run_id: str, destination: str) -> Json:
        """Send a run once."""
        path = f"/exports/{urllib.parse.quote(run_id, safe='')}/send"
        return self._one("POST", path, {"destination": destination})

    def touched(self) -> list[Json]:
        """The server says later what became of it."""
        return []

    def _one(self, method: str, path: str, body: Json | None = None) -> Json:
        found: Json = self._client.ask(method, path, body)
        return found

    def _list(self, path: str) -> list[Json]:
        found: list[Json] = self._client.ask("GET", path)
        return found


def _plain(secrets: Mapping[str, str], typed: str) -> Json:
    """Secrets themselves: the server keeps them, and does not see what is on this machine."""
    if not secrets:
        return {}
    # Who gives none does not wait for the library that encrypts.
    from tawny.credentials import plain

    return {name: plain(option_of(name), text, typed) for name, text in secrets.items()}
