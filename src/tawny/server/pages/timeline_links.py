"""Where conversations are drawn over time."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def timeline_url(conversation: str, **asked: str | None) -> str:
    """The address of a timeline; `asked` are fields of its query, None = not asked."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"/timelines/{quote(conversation)}" + (f"?{query}" if query else "")
