"""Reference data as of an instant: the last one by order wins, as a whole."""

from dataclasses import dataclass
from typing import Any

from .log import Event


@dataclass(frozen=True)
class Names:
    """The reference events up to `as_of`, in order."""

    events: list[Event]

    def _saved(self, kind: str, identity: str | None) -> list[Event]:
        key = f"{kind}_id"
        return [e for e in self.events if e.type == f"{kind}.saved" and e.get(key) == identity]

    def field(self, kind: str, identity: str | None, field: str) -> str:
        """A field of the last `saved`, empty when unknown."""
        saved = self._saved(kind, identity)
        return (saved[-1].get(field) or "") if saved and identity is not None else ""

    def agent(self, identity: str | None) -> list[str]:
        """Id, name, reference."""
        return [
            identity or "",
            self.field("agent", identity, "name"),
            self.field("agent", identity, "reference"),
        ]

    def team(self, identity: str | None) -> list[str]:
        """Id, name."""
        return [identity or "", self.field("team", identity, "name")]

    def channel(self, identity: str | None) -> list[str]:
        """Medium, name, display name: three empty cells for a channel never saved."""
        return [self.field("channel", identity, f) for f in ("medium", "name", "display_name")]

    def contact(self, identity: str) -> list[str]:
        """Id, primary and secondary identifier."""
        return [
            identity,
            self.field("contact", identity, "primary_identifier"),
            self.field("contact", identity, "secondary_identifier"),
        ]

    def is_virtual(self, agent: str) -> bool:
        """The last kind given; without one an agent is human."""
        kinds = [e.get("kind") for e in self._saved("agent", agent) if e.get("kind")]
        return bool(kinds) and kinds[-1] == "virtual"

    def is_human(self, agent: str | None) -> bool:
        """There is an agent, and it is not virtual."""
        return agent is not None and not self.is_virtual(agent)

    def agents(self) -> set[str]:
        """Every agent that was ever saved."""
        return {e.get("agent_id") for e in self.events if e.type == "agent.saved"}

    def is_active(self, kind: str, identity: str) -> bool:
        """A topic or tag that is not deleted, or was saved again since."""
        last = [
            e
            for e in self.events
            if e.type in (f"{kind}.saved", f"{kind}.deleted") and e.get(f"{kind}_id") == identity
        ]
        return not last or last[-1].type == f"{kind}.saved"

    def deletions(self, kind: str, identity: str) -> list[Event]:
        """When a topic or tag was deleted."""
        return [
            e
            for e in self.events
            if e.type == f"{kind}.deleted" and e.get(f"{kind}_id") == identity
        ]

    def business_hours(self, channel: str, instant: int) -> Any:
        """Business hours as last saved at or before an instant, or as first saved after it."""
        saved = self._saved("channel", channel)
        if not saved:
            return None
        early = [e for e in saved if e.time <= instant]
        return (early[-1] if early else saved[0]).get("business_hours")
