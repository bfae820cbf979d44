"""Saved exports of a server, asked over the API."""

from __future__ import annotations

from tawny.cli.options import Json
from tawny.cli.remote import client_of_desk, fetch_run
from tawny.text import Text


class SavedThere:
    """The saved exports of a server, on behalf of the token's person."""

    def __init__(self, url: str, owner: str | None) -> None:
        scopes = Text(
            "the scopes exports:read, exports:write to run one, schedules:write to change one"
        )
        self._client = client_of_desk(url, owner, scopes)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def list(self) -> list[Json]:
        """Those the person sees."""
        found: list[Json] = self._client.ask("GET", "/saved-exports")
        return found

    def add(self, body: Json) -> Json:
        """Save one."""
        found: Json = self._client.ask("POST", "/saved-exports", body)
        return found

    def change(self, number: int, body: Json) -> Json:
        """Save another choice in its place."""
        found: Json = self._client.ask("PUT", f"/saved-exports/{number}", body)
        return found

    def remove(self, number: int) -> None:
        """Forget it."""
        self._client.ask("DELETE", f"/saved-exports/{number}")

    def run(self, number: int, output: str, *, folder: bool) -> None:
        """Have the server make what it means now, and fetch that."""
        fetch_run(self._client, self._client.run_saved(number), output, folder=folder)
