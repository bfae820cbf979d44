"""What a run is called wherever people read of it."""

from __future__ import annotations

from tawny.languages import translations
from tawny.queries.catalogue import EXPORT_TYPES
from tawny.server.pages import labels as names
from tawny.state.run_rows import ExportRun


def run_name(run: ExportRun, language: str) -> str:
    """Its export, or how many it makes."""
    words = translations(language)
    if not run.is_bundle:
        return words.gettext(names.EXPORTS[run.export_type])
    count = len(run.export_types)
    if count == len(EXPORT_TYPES):
        return words.gettext("All exports")
    return words.ngettext("%(num)s export", "%(num)s exports", count) % {"num": count}
