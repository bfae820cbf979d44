"""What a run is called wherever people read of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tawny.languages import translations
from tawny.queries.catalogue import EXPORT_TYPES
from tawny.server.pages import labels as names


class Named(Protocol):
    """A run, or a request."""

    @property
    def is_bundle(self) -> bool:
        """Whether it makes several exports."""

    @property
    def export_type(self) -> str:
        """The one that it makes otherwise."""

    @property
    def export_types(self) -> Sequence[str]:
        """All that it makes."""


def run_name(run: Named, language: str) -> str:
    """Its export, or how many it makes."""
    words = translations(language)
    if not run.is_bundle:
        return words.gettext(names.EXPORTS[run.export_type])
    count = len(run.export_types)
    if count == len(EXPORT_TYPES):
        return words.gettext("All exports")
    return words.ngettext("%(num)s export", "%(num)s exports", count) % {"num": count}
