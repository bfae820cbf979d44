"""What delivered files are called: a template, filled in for each file of a slot."""

from __future__ import annotations

import re
import uuid
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tawny.errors import RequestError, UnknownValueError
from tawny.model.zones import from_ms

TAWNY = "{type}/date={date:%Y-%m-%d}/{type}_{from}_r{revision}.{ext}"
"""What warehouses expect."""
_HOOTDESK_TIME = "%d%m%Y%H%M%S"
_HOOTDESK_BEGIN = "export/{folder}/{org}_{folder}_"
HOOTDESK = f"{_HOOTDESK_BEGIN}{{from:{_HOOTDESK_TIME}}}_{{to:{_HOOTDESK_TIME}}}_{{uuid}}.{{ext}}"
"""Folders and names of the product Tawny began as."""
_HOOTDESK_OPEN = f"{_HOOTDESK_BEGIN}{{to:{_HOOTDESK_TIME}}}_{{uuid}}.{{ext}}"
"""Open conversations are as of one time."""

ALONE = "{type}_{from}_r{revision}.{ext}"
"""Of a file that lies in no folder: it is named in a message, or attached to one."""

READY = {"tawny": TAWNY, "hootdesk": HOOTDESK}

HOOTDESK_FOLDERS = {
    "contact-attributes": "contact-attribute",
    "contacts": "contact",
    "messages": "message",
    "open-conversations": "open-conversation",
    "resolved-conversations": "resolved-conversation",
    "tags": "tag",
    "teams": "team",
    "topics": "topic",
    "users": "user",
    "virtual-agents": "virtual-agent",
}
"""Those whose folder has another name than the type."""

_FIELD = re.compile(r"\{([^{}:]*)(?::([^{}]*))?\}")
_DIRECTIVES = frozenset("YymdHMSjVGuz%")
_DATED = ("date", "from", "to")
_LONGEST_PART_BYTES = 200
_UNFIT = re.compile(r"[^\w.+=-]+")
_NAMESPACE = uuid.UUID("5b0f6c1e-5d0c-4e0a-9a8f-6a1b1c1d7c11")


@dataclass(frozen=True, slots=True)
class NamedFile:
    """What a name may be made of. Instants in milliseconds since 1970 UTC."""

    export_type: str
    from_ms: int
    to_ms: int
    zone: zoneinfo.ZoneInfo
    hourly: bool
    schedule: str
    schedule_id: int
    revision: int
    ending: str
    """With its dot."""
    sha256: str
    org: str = ""
    folder: str = ""

    def _date(self, form: str) -> str:
        return self._local(self.from_ms, form or "%Y-%m-%d")

    def _border(self, instant_ms: int, form: str) -> str:
        return self._local(instant_ms, form or ("%Y-%m-%dT%H%z" if self.hourly else "%Y-%m-%d"))

    def _local(self, instant_ms: int, form: str) -> str:
        return from_ms(instant_ms).astimezone(self.zone).strftime(form)

    def _uuid(self) -> str:
        """The same at every try, another for each file, slot and revision."""
        what = f"{self.schedule_id}/{self.from_ms}/{self.revision}/{self.export_type}"
        return str(uuid.uuid5(_NAMESPACE, what))


_FIELDS: Mapping[str, Callable[[NamedFile, str], str]] = {
    "type": lambda file, _: file.export_type,
    "from": lambda file, form: file._border(file.from_ms, form),
    "to": lambda file, form: file._border(file.to_ms, form),
    "date": lambda file, form: file._date(form),
    "schedule": lambda file, _: fit(file.schedule),
    "revision": lambda file, _: str(file.revision),
    "ext": lambda file, _: file.ending.removeprefix("."),
    "sha256": lambda file, _: file.sha256,
    "uuid": lambda file, _: file._uuid(),
    "org": lambda file, _: fit(file.org),
    "folder": lambda file, _: fit(
        file.folder or HOOTDESK_FOLDERS.get(file.export_type, file.export_type)
    ),
}
FIELDS = tuple(_FIELDS)


def fit(text: str) -> str:
    """A text as part of a name: whatever could mean something in a path is a `-`.

    >>> fit("Ventes / été ../x")
    'Ventes-été-..-x'
    """
    return _UNFIT.sub("-", text)


def needs(template: str, field: str) -> bool:
    """Whether a template has a field."""
    return any(found[1] == field for found in _FIELD.finditer(_of(template, "")))


def is_segment(template: str, field: str) -> bool:
    """Whether a field alone is a folder or the name below: then two names with other values of it
    are never alike, whatever else stands in them."""
    return f"{{{field}}}" in _of(template, "").split("/")


def checked_template(template: str) -> str:
    """A template that is allowed. Raises `RequestError`."""
    if template in READY:
        return template
    rest = _FIELD.sub("", template)
    if "{" in rest or "}" in rest or not template:
        raise RequestError(
            "template: found {template!r}; allowed {ready}, or a name with fields such as "
            "{{type}} or {{date:%Y-%m-%d}}",
            template=template, ready=", ".join(READY),
        )  # fmt: skip
    for found in _FIELD.finditer(template):
        name, form = found[1], found[2]
        if name not in _FIELDS:
            raise UnknownValueError("template", name, FIELDS)
        if form is None:
            continue
        directives = re.findall(r"%(.?)", form)
        if name not in _DATED or not form or any(one not in _DIRECTIVES for one in directives):
            raise RequestError(
                "template: found {found}; allowed after date, from and to: texts with "
                "{directives}",
                found=found[0], directives=" ".join(f"%{one}" for one in sorted(_DIRECTIVES)),
            )  # fmt: skip
    example = NamedFile(
        "messages", 0, 3_600_000, zoneinfo.ZoneInfo("UTC"), True, "a", 1, 1, ".csv", "0" * 64, "o"
    )
    name_of(template, example)
    return template


def name_of(template: str, file: NamedFile) -> str:
    """The name of a file, with the folders above it, relative to the destination. Raises
    `RequestError` for one that no file may have."""

    def filled(found: re.Match[str]) -> str:
        return _FIELDS[found[1]](file, found[2] or "")

    name = _FIELD.sub(filled, _of(template, file.export_type)).lstrip("/")
    parts = name.split("/")
    if (
        any(part in ("", ".", "..") or part.startswith(".") for part in parts)
        or any(len(part.encode()) > _LONGEST_PART_BYTES for part in parts)
        or re.search(r"[\x00-\x1f\x7f\\]", name)
    ):
        raise RequestError(
            "template: found {template!r}, which gives the name {name!r}; allowed are names "
            "without empty parts, parts that begin with a dot, and parts of more than {most} bytes",
            template=template, name=name, most=_LONGEST_PART_BYTES,
        )  # fmt: skip
    return name


def _of(template: str, export_type: str) -> str:
    if template == "hootdesk" and export_type == "open-conversations":
        return _HOOTDESK_OPEN
    return READY.get(template, template)
