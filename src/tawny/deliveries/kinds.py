"""The kinds of destinations: one row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tawny.deliveries.folder import FolderPlace, checked_path
from tawny.deliveries.names import checked_template, needs
from tawny.deliveries.places import Place
from tawny.errors import RequestError, UnknownValueError
from tawny.settings import Settings
from tawny.text import Text

Options = Mapping[str, str]

COMMON_OPTIONS = ("template", "org", "folder")
"""What every destination for files may have beside the options of its kind."""


@dataclass(frozen=True, slots=True)
class DestinationKind:
    """One kind: what is set of it, and how it is opened."""

    name: str
    needed: Sequence[str]
    """Options that have to be given."""
    options: Sequence[str]
    """All of its own."""
    secrets: Sequence[str]
    check: Callable[[Options, Settings], dict[str, str]]
    """Its options as they are kept. Raises `RequestError`."""
    open: Callable[[Options, Mapping[str, str], Settings], Place]
    """The place, given options and secrets in plain words. Raises `RequestError` and
    `DeliveryError`."""
    where: Callable[[Options], str]
    """How people recognise it."""


def _check_folder(options: Options, settings: Settings) -> dict[str, str]:
    return {**options, "path": checked_path(options["path"], settings)}


DESTINATION_KINDS: Mapping[str, DestinationKind] = {
    "folder": DestinationKind(
        name="folder",
        needed=("path",),
        options=("path",),
        secrets=(),
        check=_check_folder,
        open=lambda options, _secrets, settings: FolderPlace(options["path"], settings),
        where=lambda options: options["path"],
    ),
}
"""Every kind there is."""


def destination_kind(name: str) -> DestinationKind:
    """A kind by its name. Raises `UnknownValueError`."""
    if name not in DESTINATION_KINDS:
        raise UnknownValueError(Text("kind of destination"), name, DESTINATION_KINDS)
    return DESTINATION_KINDS[name]


def checked_options(kind: DestinationKind, options: Options, settings: Settings) -> dict[str, str]:
    """The options of a destination as they are kept. Raises `RequestError`."""
    allowed = (*kind.options, *COMMON_OPTIONS)
    for name in options:
        if name not in allowed:
            raise RequestError(
                "{option}: found with the kind {kind}; allowed there: {allowed}",
                option=name,
                kind=kind.name,
                allowed=", ".join(allowed),
            )
    for name in kind.needed:
        if not options.get(name):
            raise RequestError(
                "{option}: found nothing; a destination of the kind {kind} needs it",
                option=name,
                kind=kind.name,
            )
    template = checked_template(options.get("template", "tawny"))
    if needs(template, "org") and not options.get("org"):
        raise RequestError(
            "org: found nothing; the template {template} has it in its names", template=template
        )
    return {**kind.check(options, settings), "template": template}
