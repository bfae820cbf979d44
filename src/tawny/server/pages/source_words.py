"""Words of sources on the pages: fields of a form, columns that stay empty, what a report says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawny.errors import TawnyError
from tawny.model.zones import instant_ms
from tawny.queries.catalogue import query
from tawny.server.pages.rendering import Reader
from tawny.server.pages.submitted import Submitted
from tawny.sources.kinds import SourceKind
from tawny.sources.options import OPTIONS, Form, SourceOption
from tawny.sources.reader import DeskAccess
from tawny.sources.report import NUMBERS
from tawny.sources.setup import Given
from tawny.sources.store import Source
from tawny.text import N_, Text, from_json

STATES = {
    "never synced": N_("Never read"),
    "syncing": N_("Reading"),
    "up to date": N_("Up to date"),
    "behind": N_("Behind"),
    "failing": N_("Failing"),
    "paused": N_("Paused"),
}

LOOKS = {"syncing": "running", "up to date": "ready", "failing": "failed", "behind": "failed"}
"""The look of a state, where it is one that runs have too."""

RECORDS = {
    "conversations": N_("Conversations"),
    "messages": N_("Messages"),
    "contacts": N_("Contacts"),
    "inboxes": N_("Channels"),
    "teams": N_("Teams"),
    "labels": N_("Labels"),
    "agents": N_("Agents"),
    "messages inbound": N_("Messages received"),
    "messages outbound": N_("Messages sent"),
    "surveys": N_("Surveys"),
    "answers": N_("Answers to surveys"),
    "resolves": N_("Resolutions"),
    "users": N_("Agents"),
    "csat_survey_responses": N_("Answers to surveys"),
    "reporting_events": N_("Entries of reports"),
    "taggings": N_("Labels on conversations"),
}
"""Kinds of records; one that has no word here is shown by its name."""

CHOICES = {
    "yes": N_("Yes"),
    "no": N_("No"),
    "conversation": N_("The conversation's at that moment"),
    "agent": N_("Or else the agent's only team"),
    "on": N_("On"),
    "off": N_("Off"),
}
"""Values of options; one that has no word here is shown as it is."""


@dataclass(frozen=True, slots=True)
class EmptyColumns:
    """Columns of one export that stay empty, in its words."""

    export: str
    columns: Sequence[str]
    """None = the whole export."""


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """What stays empty for one reason."""

    why: str
    exports: Sequence[EmptyColumns]


def not_measured(rows: Sequence[tuple[Sequence[str], Text]], reader: Reader) -> list[NotMeasured]:
    """Keys of columns and reasons in the words of the exports."""
    return [NotMeasured(reader.say(why), _by_export(columns, reader)) for columns, why in rows]


def _by_export(keys: Sequence[str], reader: Reader) -> list[EmptyColumns]:
    found: dict[str, list[str]] = {}
    for key in keys:
        export, _, column = key.partition(".")
        names = found.setdefault(export, [])
        if column:
            names.append(
                next(
                    (one.headers[reader.language] for one in query(export).columns
                     if one.key == column),
                    column,
                )
            )  # fmt: skip
    return [
        EmptyColumns(reader.translate(query(export).head.title), names)
        for export, names in found.items()
    ]


def not_measured_of_access(access: DeskAccess, reader: Reader) -> list[NotMeasured]:
    """What a test of the access says will stay empty."""
    return not_measured(access.not_measured, reader)


def not_measured_of_report(report: Mapping[str, Any], reader: Reader) -> list[NotMeasured]:
    """What stays empty by a report."""
    rows = [(row["columns"], from_json(row["text"])) for row in report["not_measured"]]
    return not_measured(rows, reader)


def open_gaps(report: Mapping[str, Any], reader: Reader) -> list[str]:
    """What a person could act on, a sentence each."""
    found = [
        Text("left out {record}: {reason}", record=row["record"], reason=from_json(row["text"]))
        for row in report["left_out"]
    ]
    more = report["left_out_count"] - len(report["left_out"])
    if more > 0:
        found.append(Text("{count} more were left out", count=more))
    for value, count in report["unknown"].items():
        found.append(
            Text("the value {value} is not known: {count}, for example {record}",
                 value=value, count=count, record=report["unknown_examples"][value])
        )  # fmt: skip
    if report["changed_after_sent"]:
        found.append(
            Text("{what}: {count}", what=NUMBERS["changed_after_sent"],
                 count=report["changed_after_sent"])
        )  # fmt: skip
    return [reader.say(one) for one in found]


def too_many_gone(report: Mapping[str, Any]) -> Sequence[tuple[str, int]]:
    """Records that are gone and were not believed to be, by kind."""
    return list(report["gone_not_accepted"].items())


def told(report: Mapping[str, Any]) -> list[tuple[Text, int]]:
    """Numbers of a report that are worth knowing and no gaps."""
    return [
        (sentence, report[name])
        for name, sentence in NUMBERS.items()
        if report[name] and name != "changed_after_sent"
    ]


def moments(report: Mapping[str, Any]) -> dict[str, int | None]:
    """When a sync began and ended, from and up to when it read, in milliseconds since 1970 UTC."""
    names = ("started", "ended", "since", "until")
    return {
        name: None if report[name] is None else instant_ms(report[name]) for name in names
    }  # fmt: skip


def problem(error: TawnyError, reader: Reader) -> str:
    """What is wrong, with the words of the form in place of those of the command line."""
    text = reader.say(error.text)
    for option in OPTIONS.values():
        typed = f"--{option.typed}"
        if text.startswith(typed) and not text[len(typed) :][:1].isalnum():
            return f"{reader.translate(option.label)}{text[len(typed) :]}"
    for typed, label in _TYPED.items():
        if text.startswith(typed):
            return f"{reader.translate(label)}{text[len(typed) :]}"
    return text


_TYPED = {
    "Source": N_("Name"),
    "--since": N_("Read the past from"),
    "--id-prefix": N_("What its numbers begin with"),
}
"""Fields of the form that are no options of a kind, as commands call them."""


# --- the form ---------------------------------------------------------------------------------


def filled(kind: SourceKind, source: Source | None) -> Submitted:
    """The fields of the form for a new source, or as one is set."""
    fields: list[tuple[str, str]] = []
    for option in kind.options:
        if option.form is Form.SECRET:
            continue
        value = option.default if source is None else source.options.get(option.name)
        fields += [(option.name, _as_field(option, value))] if value is not None else []
    return Submitted(fields)


def _as_field(option: SourceOption, value: Any) -> str:
    if option.form is Form.LIST:
        return "\n".join(value)
    if option.form is Form.SWITCH:
        return "1" if value else ""
    return str(value)


def given(kind: SourceKind, form: Submitted, source: Source | None) -> Given:
    """What a form says, for the layers below: of a source that is there what differs."""
    options: dict[str, Any] = {}
    secrets = {}
    for option in kind.options:
        name = option.name
        if option.form is Form.SECRET:
            if form.secret(name).strip():
                secrets[name] = form.secret(name).strip()
            continue
        if source is not None and option.is_fixed:
            continue
        value = _of_field(option, form)
        if value is None or (source is not None and value == source.options.get(name)):
            continue
        options[name] = value
    return Given(options, secrets, is_from_afar=True)


def _of_field(option: SourceOption, form: Submitted) -> Any:
    if option.form is Form.SWITCH:
        return bool(form.one(option.name))
    text = form.one(option.name)
    if option.form is Form.LIST:
        return [one.strip() for one in text.splitlines() if one.strip()]
    return text or None
