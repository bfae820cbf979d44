"""What a message says of a delivery: what the API says of it, in the same words."""

from __future__ import annotations

import uuid
from typing import Any

from tawny.completeness.words import Incompleteness, named_channels
from tawny.deliveries.store import Destination
from tawny.model.periods import Period
from tawny.model.zones import from_ms, instant_text, requested_zone
from tawny.schedules.rows import Delivery, ExportSchedule
from tawny.settings import Settings
from tawny.text import Text

_NAMESPACE = uuid.UUID("0d6d0d5c-3c53-4c39-9d4b-6d1f8f7e2a90")


def delivery_key(delivery: Delivery, schedule: ExportSchedule, destination: Destination) -> str:
    """The same at every try; another for each range, revision and destination, also of another
    installation."""
    parts = (
        schedule.id, schedule.created_ms, delivery.range.from_ms, delivery.revision,
        destination.id, destination.created_ms,
    )  # fmt: skip
    return str(uuid.uuid5(_NAMESPACE, "/".join(map(str, parts))))


def slot_id(schedule: ExportSchedule, slot: Period) -> str:
    """The same for all revisions of a slot, whatever its schedule is called; another for each slot,
    also of another installation."""
    return str(uuid.uuid5(_NAMESPACE, f"{schedule.id}/{schedule.created_ms}/{slot.from_ms}"))


def run_link(settings: Settings, run_id: str | None) -> str | None:
    """Where the run of a delivery is read after signing in; None where nobody said by which address
    people reach this server."""
    public_url = settings.text("public_url")
    return f"{public_url}/exports/{run_id}" if public_url and run_id else None


def announcement(delivery: Delivery, settings: Settings) -> dict[str, Any]:
    """The fields of the delivery's API object that stay the same at every try, but for its
    files."""
    start, end = delivery.range_texts
    return {
        "id": delivery.id,
        "schedule_id": None if delivery.once else delivery.schedule_id,
        "schedule": None if delivery.once else delivery.schedule,
        "exports": [*delivery.exports],
        "time_zone": delivery.time_zone,
        "slot": {"from": start, "to": end},
        "revision": delivery.revision,
        "destination": delivery.destination,
        "incomplete": _incomplete(delivery.incomplete),
        "changes": delivery.changes,
        "export": delivery.run_id,
        "link": run_link(settings, delivery.run_id),
    }


def warning(delivery: Delivery) -> Text | None:
    """Of which channels a file may lack events, and since when, in the zone of its schedule."""
    found, zone = delivery.incomplete, requested_zone(delivery.time_zone)
    if found is None:
        return None
    return Text(
        "the file may lack events of {count} of {all} channels: {channels}",
        count=found.count,
        all=found.all,
        channels=named_channels(
            found.channels,
            lambda at_ms: from_ms(at_ms).astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            in_receipt=found.count,
        ),
    )


def _incomplete(found: Incompleteness | None) -> dict[str, Any] | None:
    if found is None:
        return None
    channels = [
        {
            "channel_id": one.channel_id,
            "name": one.name,
            "complete_until": (
                None if one.complete_until_ms is None else instant_text(one.complete_until_ms)
            ),
        }
        for one in found.channels
    ]
    return {"count": found.count, "all": found.all, "channels": channels}
