"""The event contract: every type of event, and the envelope around each.

One `msgspec.Struct` per type holds the fields of `data` and the rules they keep
(`tawny/model/event_types`); the envelope around it is the same for all (CloudEvents 1.0). These
classes are the only place the contract is written in code: the validator, the log's columns, the
JSON Schemas and the page of the documentation read them.

Times stay texts here; `tawny.model.validation` turns a whole block of them into instants at once.
"""

from __future__ import annotations

from typing import Literal, cast

import msgspec
from msgspec import Struct

from tawny.model.event_data import EventData, Id
from tawny.model.event_types import (
    contact,
    conversation,
    message,
    presence,
    reference,
    survey,
    watermark,
)

DATA_TYPES: tuple[type[EventData], ...] = (
    *reference.TYPES,
    *contact.TYPES,
    *conversation.TYPES,
    *survey.TYPES,
    *message.TYPES,
    *presence.TYPES,
    *watermark.TYPES,
)
"""Every event type, in the order of the documentation."""

EVENT_TYPES: dict[str, type[EventData]] = {data.event_type: data for data in DATA_TYPES}

FAMILIES: dict[str, list[type[EventData]]] = {}
"""Event types that are stored and read together."""
for _data in DATA_TYPES:
    FAMILIES.setdefault(_data.family, []).append(_data)


CONVERSATION_FAMILIES = tuple(
    family
    for family, types in FAMILIES.items()
    if all("conversation_id" in data.__struct_fields__ for data in types)
)
"""The families whose events name a conversation."""


class Envelope(Struct, gc=False, kw_only=True, tag_field="type"):
    """What every event carries beside its data (CloudEvents 1.0)."""

    specversion: Literal["1.0"]
    source: Id
    id: Id
    time: str
    sequence: str | None = None
    data: EventData


def _event_class(data: type[EventData]) -> type[Envelope]:
    event_class = msgspec.defstruct(
        data.__name__ + "Event",
        [("data", data)],
        bases=(Envelope,),
        tag=data.event_type,
        tag_field="type",
        kw_only=True,
        gc=False,
        namespace={"__doc__": data.__doc__},
    )
    return cast(type[Envelope], event_class)


EVENT_CLASSES: dict[str, type[Envelope]] = {
    name: _event_class(data) for name, data in EVENT_TYPES.items()
}
"""The whole event of each type: envelope and data."""
