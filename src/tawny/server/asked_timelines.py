"""A timeline, asked with the rights of who asks: over the API and as a page."""

from __future__ import annotations

from typing import Any

from tawny.model.zones import current_ms
from tawny.people.callers import Caller
from tawny.server.services import Services


def conversation_of_path(path: str) -> str:
    """The id that the end of an address names: it may hold any character, `/` among them."""
    return path.removeprefix("/")


def conversation_timeline(
    services: Services,
    caller: Caller,
    language: str,
    conversation: str,
    *,
    time_zone: str,
    as_of: str | None,
    drawn: bool = False,
) -> dict[str, Any]:
    """What `tawny.background.timeline_job` gives of a conversation in a channel that the caller may
    see; another one is not found, as if it were not there."""
    channels = caller.allowed_channels(())
    found = services.draw(
        "timeline",
        {
            "conversation": conversation,
            "time_zone": time_zone,
            "as_of": as_of,
            "channels": list(channels),
            "now_ms": current_ms(),
            "language": language,
            "drawn": drawn,
        },
    )
    services.audit.record(caller, "timeline_read", conversation[:200], channels=list(channels))
    return found
