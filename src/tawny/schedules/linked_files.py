"""Files that readers of mail fetch by signed links: making a link, and what one leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tawny.deliveries.mail_addresses import mail_addresses
from tawny.deliveries.parcels import ReaderLink
from tawny.deliveries.signed_links import (
    LinkedFile,
    end_of_link_ms,
    link_key,
    read_link,
    reader_of_link,
    signed_link,
)
from tawny.deliveries.store import Destinations
from tawny.errors import NotFoundError
from tawny.model.zones import current_ms, from_ms, requested_zone
from tawny.runs.store import RunStore
from tawny.schedules.rows import Delivery
from tawny.schedules.store_deliveries import DeliveryStore
from tawny.settings import Settings
from tawny.state.database import Database
from tawny.state.run_rows import ExportRun, RunState

FETCH = "/fetch"
"""Below which address files are fetched by links."""


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """What a link leads to, for who has it."""

    run: ExportRun
    path: Path
    reader: str
    """For whose address it was made."""
    destination: str


class LinkedFiles:
    """The links of one installation."""

    def __init__(
        self, home: Path, settings: Settings, database: Database, destinations: Destinations
    ) -> None:
        self._home = home
        self._public_url = settings.text("public_url")
        self._destinations = destinations
        self._deliveries = DeliveryStore(database)
        self._runs = RunStore(database)

    def link(self, delivery: Delivery, run: ExportRun, address: str, days: int) -> ReaderLink:
        """A link for one reader, which works so many days, but no longer than its file is kept."""
        ends_ms = end_of_link_ms(current_ms(), days, run.expires_ms)
        end = signed_link(link_key(self._home), _linked(delivery, run), address, ends_ms)
        until = from_ms(ends_ms).astimezone(requested_zone(delivery.time_zone))
        return ReaderLink(
            f"{self._public_url}{FETCH}/{end}",
            f"{until:%Y-%m-%d %H:%M} ({delivery.time_zone})",
        )

    def file(self, text: str) -> FetchedFile:
        """What a link leads to. Raises `NotFoundError` for one that does not work, or no more:
        which of both, nobody is told."""
        link = read_link(text)
        if link is None or link.ends_ms <= current_ms():
            raise _no_link()
        delivery = self._deliveries.find(link.delivery_id)
        if delivery is None or delivery.run_id is None:
            raise _no_link()
        run = self._runs.find(delivery.run_id)
        if run is None or run.sha256 is None:
            raise _no_link()
        addresses = self._readers(delivery.destination_id)
        reader = reader_of_link(link_key(self._home), _linked(delivery, run), link, addresses)
        relative = self._runs.file_path(run.id)
        # Whoever is erased is in no file that can still be fetched.
        is_there = run.state is RunState.READY and delivery.erasure is None and relative
        if reader is None or not is_there or not (self._home / str(relative)).is_file():
            raise _no_link()
        return FetchedFile(run, self._home / str(relative), reader, delivery.destination)

    def _readers(self, destination_id: int) -> Sequence[str]:
        """Whose links a destination has now."""
        try:
            options = self._destinations.find(destination_id).choice.options
        except NotFoundError:
            return ()
        return mail_addresses(options["to"]) if options.get("link") == "signed" else ()


def _linked(delivery: Delivery, run: ExportRun) -> LinkedFile:
    return LinkedFile(delivery.id, run.id, run.sha256 or "")


def _no_link() -> NotFoundError:
    return NotFoundError(
        "it leads to no file, or to none any more: its days are over, the file is gone, or the "
        "links of its destination were ended; ask whoever has the files sent"
    )
