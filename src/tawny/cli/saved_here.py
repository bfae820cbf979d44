"""Saved exports of a data folder, asked as the API is: the same bodies, the same answers."""

from __future__ import annotations

from pathlib import Path

from tawny.background.here import ExportsHere
from tawny.cli.api_bodies import as_json, read_body
from tawny.cli.options import Json
from tawny.errors import RequestError
from tawny.exports.request import ExportRequest
from tawny.intake.moving import move_inbox
from tawny.model.zones import current_ms
from tawny.people.audit import Audit
from tawny.runs.store_saved import SavedExports
from tawny.schedules.owners import OPERATOR_ID, caller_by_name
from tawny.server.api.saved_shapes import SavedAnswer, SavedBody
from tawny.settings import Settings
from tawny.state.database import open_database


class SavedHere:
    """The saved exports of a data folder, on behalf of a person."""

    def __init__(self, home: Path, settings: Settings, owner: str | None) -> None:
        self._home = home
        self._settings = settings
        self._database = open_database(home, settings)
        self._audit = Audit(self._database)
        self._saved = SavedExports(self._database, self._audit)
        self._caller = caller_by_name(self._database, owner)
        if self._caller.user_id == OPERATOR_ID:
            self.close()
            raise RequestError(
                "--owner: nobody has an account, and a saved export is somebody's; start tawny "
                "serve and set up the first account"
            )

    def close(self) -> None:
        """Close the state database."""
        self._database.close()

    def list(self) -> list[Json]:
        """Those the person sees."""
        return [as_json(SavedAnswer.of(one)) for one in self._saved.list(self._caller)]

    def add(self, body: Json) -> Json:
        """Save one."""
        choice = read_body(body, SavedBody).choice()
        return as_json(SavedAnswer.of(self._saved.add(self._caller, choice)))

    def change(self, number: int, body: Json) -> Json:
        """Save another choice in its place."""
        choice = read_body(body, SavedBody).choice()
        return as_json(SavedAnswer.of(self._saved.change(self._caller, number, choice)))

    def remove(self, number: int) -> None:
        """Forget it."""
        self._saved.delete(self._caller, number)

    def run(self, number: int, output: str, *, folder: bool) -> ExportRequest | None:
        """The request it means now, with the rights of the person: who calls makes its file."""
        del output, folder
        move_inbox(self._home, self._settings)
        asked = self._saved.get(self._caller, number).choice.request_at(current_ms())
        maker = ExportsHere(self._home, self._settings, self._database, self._audit)
        return maker.check(self._caller, asked)
