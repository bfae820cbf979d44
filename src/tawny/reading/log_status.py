"""What is in the log, for the operator and the auditor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tawny.completeness.reading import read_facts, seen_from_ms
from tawny.completeness.rule import ChannelFacts, Completeness, completeness
from tawny.engine.engines import open_of_folder
from tawny.engine.log_facts import events_by_type, newest_per_channel
from tawny.engine.snapshot import View
from tawny.log.files import Snapshot
from tawny.model.zones import LATEST_MS, current_ms, instant_text
from tawny.settings import Settings
from tawny.state.event_log import event_log


@dataclass(frozen=True, slots=True)
class TypeStatus:
    """Events of one type; times in milliseconds since 1970 UTC."""

    type: str
    events: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class LogStatus:
    """The whole log at one version."""

    version: int
    events: int
    size_bytes: int
    files: int
    types: Sequence[TypeStatus]
    channels: Sequence[ChannelFacts]
    """What is known of each channel that has conversations or a watermark, by id."""
    at_ms: int
    """The instant from which it was seen."""

    def to_dict(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "version": self.version,
            "events": self.events,
            "bytes": self.size_bytes,
            "files": self.files,
            "types": [
                {
                    "type": row.type,
                    "events": row.events,
                    "first": instant_text(row.first_ms),
                    "last": instant_text(row.last_ms),
                }
                for row in self.types
            ],
            "channels": [_channel(one) for one in self.completeness()],
        }

    def completeness(self) -> list[Completeness]:
        """Up to when each channel is complete."""
        return [completeness(one, self.at_ms) for one in self.channels]


def channel_facts(home: Path, settings: Settings) -> Sequence[ChannelFacts]:
    """What is known of the completeness of each channel of the newest version, seen from now."""
    snapshot = event_log(home, settings).snapshot()
    with open_of_folder(home, settings, threads=1) as duck:
        return read_facts(duck, snapshot, seen_from_ms(snapshot, current_ms()))


def _channel(one: Completeness) -> dict[str, object]:
    newest_ms, usual_ms = one.newest_ms, one.usual_gap_ms
    return {
        "channel_id": one.channel_id,
        "name": one.name,
        "newest_event": None if newest_ms is None else instant_text(newest_ms),
        **one.content(),
        "usual_gap_s": None if usual_ms is None else usual_ms / 1000,
    }


def log_status(
    home: Path, settings: Settings, snapshot: Snapshot | None = None, now_ms: int | None = None
) -> LogStatus:
    """Read the whole log once, the newest version or a given one. Events dated after now are
    counted too; those that do not count, since an earlier one has their source and id, are not."""
    if snapshot is None:
        snapshot = event_log(home, settings).snapshot()
    at_ms = seen_from_ms(snapshot, current_ms() if now_ms is None else now_ms)
    if not snapshot.files:
        return LogStatus(snapshot.version, 0, 0, 0, (), (), at_ms)
    with open_of_folder(home, settings) as duck:
        types = tuple(TypeStatus(*row) for row in events_by_type(duck, snapshot))
        facts = {one.channel_id: one for one in read_facts(duck, snapshot, at_ms)}
        # A channel all of whose events are dated after now is one too.
        for one in newest_per_channel(duck, snapshot, View(as_of_ms=LATEST_MS)):
            facts.setdefault(one.channel_id, ChannelFacts(one.channel_id, one.name, None))
    return LogStatus(
        version=snapshot.version,
        events=sum(row.events for row in types),
        size_bytes=snapshot.size_bytes,
        files=len(snapshot.files),
        types=types,
        channels=tuple(facts[channel] for channel in sorted(facts)),
        at_ms=at_ms,
    )
