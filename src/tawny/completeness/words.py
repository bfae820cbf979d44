"""Which channels are not complete: in words, and as it is kept of a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from tawny.completeness.rule import Completeness, incomplete
from tawny.model.zones import instant_ms
from tawny.text import Text, joined

NAMED = 3
"""So many channels are named in a sentence."""

_KEPT = 20
"""So many are kept of a file; its receipt has all."""


class LateChannel(Protocol):
    """A channel that is complete until an instant, in milliseconds since 1970 UTC."""

    @property
    def title(self) -> str:
        """What it is called."""

    @property
    def complete_until_ms(self) -> int | None:
        """None for one of which nothing has come."""


@dataclass(frozen=True, slots=True)
class IncompleteChannel:
    """A channel of which a file may lack events."""

    channel_id: str
    name: str | None
    complete_until_ms: int | None

    @property
    def title(self) -> str:
        """What it is called."""
        return self.name or self.channel_id


@dataclass(frozen=True, slots=True)
class Incompleteness:
    """Of which channels a file may lack events."""

    count: int
    all: int
    """Of how many channels."""
    channels: Sequence[IncompleteChannel]
    """The first of them, the longest late first."""

    def as_json(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def of_json(cls, text: str) -> Incompleteness:
        """From what was kept."""
        found = json.loads(text)
        channels = [IncompleteChannel(**one) for one in found["channels"]]
        return cls(found["count"], found["all"], channels)


def channels_of_receipt(receipt: Mapping[str, Any]) -> tuple[list[Completeness], int]:
    """The completeness of each channel as a receipt has it, and up to when it had to be complete;
    a receipt of an earlier version names no channel."""
    names = {one["channel_id"]: one.get("name") for one in receipt["newest_event_per_channel"]}
    channels = [
        Completeness(
            one["channel_id"],
            names.get(one["channel_id"]),
            None if one["complete_until"] is None else instant_ms(one["complete_until"]),
            one["by"],
        )
        for one in receipt.get("completeness", ())
    ]
    ends = [instant_ms(end) for end in (receipt["as_of"], receipt["to_utc"]) if end is not None]
    return channels, min(end for end in ends if end is not None)


def incompleteness_of(receipt: Mapping[str, Any] | None) -> Incompleteness | None:
    """Of which channels the file of a receipt may lack events; None = of none."""
    if receipt is None:
        return None
    channels, up_to_ms = channels_of_receipt(receipt)
    late = incomplete(channels, up_to_ms)
    if not late:
        return None
    kept = [IncompleteChannel(one.channel_id, one.name, one.complete_until_ms) for one in late]
    return Incompleteness(len(late), len(channels), kept[:_KEPT])


def named_channels(
    late: Sequence[LateChannel], minute: Callable[[int], str], in_receipt: int = 0
) -> Text | str:
    """The first of some channels by name, and since when each is late; `in_receipt` is how many
    there are where a receipt names all of them."""
    parts: list[Text] = []
    for one in late[:NAMED]:
        if one.complete_until_ms is None:
            parts.append(Text("{name}, of which nothing has come", name=one.title))
        else:
            since = minute(one.complete_until_ms)
            parts.append(Text("{name} since {since}", name=one.title, since=since))
    if in_receipt > NAMED:
        parts.append(Text("and {count} more (the receipt has all)", count=in_receipt - NAMED))
    elif len(late) > NAMED:
        parts.append(Text("and {count} more", count=len(late) - NAMED))
    return joined("; ", parts)
