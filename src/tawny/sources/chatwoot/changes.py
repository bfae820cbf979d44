"""Changes of status, each merged by a signal, by a note, or by both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tawny.sources.chatwoot.records import Note, Signal
from tawny.sources.events import sequence

SAME_US = 60_000_000
"""What tells of the same change is written down at most so much apart: notes are by a job."""
INSTANT_US = 1_000_000

RESOLVED, OPEN, PENDING, SNOOZED = "resolved", "open", "pending", "snoozed"

_SAYS = {
    "status.resolved": RESOLVED,
    "status.contact_resolved": RESOLVED,
    "status.auto_resolved": RESOLVED,
    "captain.resolved": RESOLVED,
    "status.open": OPEN,
    "status.system_auto_open": OPEN,
    "captain.open": OPEN,
    "captain.auto_opened_after_agent_reply": OPEN,
    "agent_bot.error_moved_to_open": OPEN,
    "status.pending": PENDING,
    "status.snoozed": SNOOZED,
}


@dataclass(slots=True)
class Change:
    """A change of the desk's status."""

    what: str
    time_us: int
    signals: list[Signal] = field(default_factory=list)
    """The first gives time and id."""
    note: Note | None = None
    by_bot: bool = False
    """A signal says that the bot resolved it."""
    order: str = ""

    @property
    def key(self) -> str:
        """What the note says, empty without one."""
        return "" if self.note is None else self.note.sentence.key

    @property
    def names_who_opened(self) -> bool:
        """Whether a person took it, or the bot that it went back to gave it up."""
        if self.key == "agent_bot.error_moved_to_open":
            return True
        return self.note is not None and self.note.actor.kind in ("user", "bot")

    @property
    def suffix(self) -> str:
        """How the ids of its events end."""
        return f"r{self.signals[0].id}" if self.signals else f"a{self._note_id}"

    @property
    def other_suffix(self) -> str | None:
        """How they ended when only the note was known."""
        return f"a{self._note_id}" if self.signals and self.note is not None else None

    @property
    def sequence(self) -> str:
        """Its place among events of the same instant."""
        if self.order:
            return self.order
        if self.note is not None:
            return sequence(50, self.note.id)
        return sequence(60, self.signals[0].id)

    @property
    def number(self) -> int:
        """The message id up to which is known what was before it."""
        return self.note.id if self.note is not None else 1 << 62

    @property
    def _note_id(self) -> int:
        return self.note.id if self.note is not None else 0


def changes(notes: Sequence[Note], signals: Sequence[Signal]) -> list[Change]:
    """Every change, in the order of its time. A note belongs to the nearest signal of the same
    change, each used once."""
    merged = _of_signals(sorted(signals, key=lambda signal: (signal.time_us, signal.id)))
    saying = [note for note in notes if note.sentence.key in _SAYS]
    pairs = sorted(
        (distance, note.id, place)
        for note in saying
        for place, change in enumerate(merged)
        if change.what == _SAYS[note.sentence.key]
        and (distance := min(abs(note.time_us - one.time_us) for one in change.signals)) <= SAME_US
    )
    by_id = {note.id: note for note in saying}
    for _, note_id, place in pairs:
        if merged[place].note is None and note_id in by_id:
            merged[place].note = by_id.pop(note_id)
    merged += [Change(_SAYS[n.sentence.key], n.time_us, note=n) for n in by_id.values()]
    return sorted(merged, key=lambda change: (change.time_us, change.sequence))


def _of_signals(signals: Sequence[Signal]) -> list[Change]:
    found: list[Change] = []
    bot_resolves = [one for one in signals if one.name == "conversation_bot_resolved"]
    handoffs = [
        Change(OPEN, one.time_us, [one])
        for one in signals
        if one.name == "conversation_bot_handoff"
    ]
    for signal in signals:
        if signal.name == "conversation_resolved":
            change = Change(RESOLVED, signal.time_us, [signal])
            for one in bot_resolves:
                if abs(one.time_us - signal.time_us) <= INSTANT_US:
                    change.by_bot = True
            found.append(change)
        elif signal.name == "conversation_opened":
            same = [
                one for one in handoffs
                if -INSTANT_US <= signal.time_us - one.time_us <= SAME_US
                and len(one.signals) == 1
            ]  # fmt: skip
            if same:
                same[-1].signals.append(signal)
            else:
                found.append(Change(OPEN, signal.time_us, [signal]))
    for signal in bot_resolves:
        if not any(
            change.what == RESOLVED and abs(change.time_us - signal.time_us) <= INSTANT_US
            for change in found
        ):
            found.append(Change(RESOLVED, signal.time_us, [signal], by_bot=True))
    return [*found, *handoffs]
