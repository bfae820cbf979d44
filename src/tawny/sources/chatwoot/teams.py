"""Whose a conversation was: its present team, walked back through the notes of the desk."""

from __future__ import annotations

from collections.abc import Sequence

from tawny.sources.chatwoot.directory import Directory
from tawny.sources.chatwoot.records import Conversation, Note
from tawny.sources.report import GapReport

_ASSIGNED = frozenset({"team.assigned", "team.assigned_with_assignee", "assignee.assigned"})


class Teams:
    """The team of a conversation at each moment."""

    def __init__(self, conversation: Conversation, report: GapReport, *, of_agent: bool) -> None:
        row = conversation.row
        self._directory = conversation.directory
        self._of_agent = of_agent
        self._present = None if row.team_id is None else str(row.team_id)
        self._notes = [note for note in conversation.notes if self._tells(note)]
        self._after = self._teams_after_notes(report)

    def _tells(self, note: Note) -> bool:
        """Whether a note tells of a team; whoever is assigned to may be a person too."""
        sentence = note.sentence
        if sentence.key == "team.removed":
            return True
        if sentence.key not in _ASSIGNED:
            return False
        if sentence.key == "team.assigned_with_assignee":
            return True
        people = self._directory.people
        return sentence.team in self._directory.teams and sentence.team not in people

    def _teams_after_notes(self, report: GapReport) -> Sequence[str | None]:
        """The team after each of the notes."""
        found: list[str | None] = []
        for note in self._notes[:-1]:
            if note.sentence.key == "team.removed":
                found.append(None)
            else:
                found.append(_only(self._directory, note.sentence.team, report))
        return [*found, self._present] if self._notes else []

    def at(self, time_us: int, number: int, agent: str | None = None) -> str | None:
        """The team at an instant, before what has that number; an id of the log."""
        team = self._at(time_us, number)
        if team is None and self._of_agent and agent is not None:
            own = self._directory.teams_of.get(agent, [])
            team = own[0] if len(own) == 1 else None
        return None if team is None else self._directory.named(team)

    def _at(self, time_us: int, number: int) -> str | None:
        if not self._notes:
            return self._present
        before = [
            place
            for place, note in enumerate(self._notes)
            if (note.time_us, note.id) <= (time_us, number)
        ]
        if before:
            return self._after[before[-1]]
        first = self._notes[0].sentence
        if first.key != "team.removed":
            return None
        ids = self._directory.teams.get(first.team, set())
        return next(iter(ids)) if len(ids) == 1 else None


def _only(directory: Directory, name: str, report: GapReport) -> str | None:
    ids = directory.teams.get(name, set())
    if len(ids) != 1:
        report.undetermined["team"] += 1
        return None
    return next(iter(ids))
