"""What the API takes and gives of sources, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from tawny.background.served_sources import CheckedAccess, ServedSource
from tawny.credentials import shown
from tawny.languages import translated, translations
from tawny.model.zones import instant_text
from tawny.server.api.shapes import instant
from tawny.server.json_values import SECRET
from tawny.sources.kinds import SourceKind
from tawny.sources.option_values import checked_instant
from tawny.sources.options import OPTIONS, SourceOption
from tawny.sources.reader import DeskAccess
from tawny.sources.report import public
from tawny.sources.setup import Given
from tawny.sources.sync import SyncRequest
from tawny.sources.webhooks import SourceWebhook, ToldBy
from tawny.text import from_json

_MOST_OPTIONS = 50
_Moment = Annotated[str, Meta(max_length=64)]
_Words = Annotated[str, Meta(max_length=4096)]
_Value = str | int | bool | list[str]
Options = Annotated[
    dict[str, _Value],
    Meta(max_length=_MOST_OPTIONS, description="By their names; `GET /source-kinds` lists them"),
]
Secrets = Annotated[
    dict[str, _Words],
    Meta(
        max_length=_MOST_OPTIONS,
        description="Themselves; they are kept encrypted and never shown",
        extra_json_schema=SECRET,
    ),
]


class SourceBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A source that is to be set up."""

    kind: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Annotated[str, Meta(max_length=64)]
    options: Options = {}
    secrets: Secrets = {}
    id_prefix: Annotated[
        str | None,
        Meta(
            description="What all its ids begin with, for good; null = nothing for the first "
            "source, `NAME:` for others"
        ),
    ] = None
    since: Annotated[
        _Moment | None,
        Meta(description="Nothing is read that was last changed before; null = everything"),
    ] = None

    def given(self) -> Given:
        """The same for the layers below. Raises `RequestError`."""
        since_ms = None if self.since is None else checked_instant("--since", self.since)
        options = {**self.options, "since_ms": since_ms}
        return Given(options, self.secrets, is_from_afar=True)


class SourceChangeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be changed of a source; what is not given stays."""

    options: Options = {}
    secrets: Secrets = {}

    def given(self) -> Given:
        """The same for the layers below."""
        return Given(self.options, self.secrets, is_from_afar=True)


class SyncBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which sync is asked for; nothing = what is new."""

    since: Annotated[_Moment | None, Meta(description="Read again from here")] = None
    until: Annotated[_Moment | None, Meta(description="Read nothing after it")] = None
    full: Annotated[
        bool, Meta(description="Read everything again; what was sent is recognised")
    ] = False
    accept_deletions: Annotated[
        bool, Meta(description="Believe that so many records are gone at once")
    ] = False

    def request(self) -> SyncRequest:
        """The same for the layers below. Raises `RequestError`."""
        return SyncRequest(
            since_ms=None if self.since is None else checked_instant("--since", self.since),
            until_ms=None if self.until is None else checked_instant("--until", self.until),
            full=self.full,
            accept_deletions=self.accept_deletions,
        )


class OptionAnswer(Struct):
    """What can be set of a kind of sources."""

    name: str
    label: str
    help: str
    form: str
    choices: list[str]
    default: Any
    needed: bool
    fixed: bool
    """Whether it is given when a source is added and never changed."""

    @classmethod
    def of(cls, kind: SourceKind, option: SourceOption, language: str) -> OptionAnswer:
        """From an option, in the language."""
        say = translations(language).gettext
        return cls(
            option.name, say(option.label), say(option.page_help or option.help),
            option.form.value, list(option.choices), option.default,
            option.name in kind.needed, option.is_fixed,
        )  # fmt: skip


class KindAnswer(Struct):
    """A kind of sources."""

    name: str
    label: str
    about: str
    options: list[OptionAnswer]

    @classmethod
    def of(cls, kind: SourceKind, language: str) -> KindAnswer:
        """From a kind, in the language."""
        say = translations(language).gettext
        return cls(
            kind.name,
            say(kind.label) if kind.label else kind.name,
            say(kind.about) if kind.about else "",
            [OptionAnswer.of(kind, one, language) for one in kind.options],
        )


class ProgressAnswer(Struct):
    """How far the sync of a source is."""

    records: int
    events: int
    share: float | None
    elapsed_s: float
    left_s: float | None


class WebhookAnswer(Struct):
    """How a desk announces what has changed."""

    path: str
    """Where signed webhooks are sent, after the address of the server."""
    told_by: ToldBy
    last: str | None
    """When the last one came."""

    @classmethod
    def of(cls, webhook: SourceWebhook) -> WebhookAnswer:
        """From the webhook of a source."""
        return cls(webhook.path, webhook.told_by, instant(webhook.last_ms))


class WebhookAddressAnswer(Struct):
    """A secret address for webhooks."""

    path: str
    """After the address of the server; nothing shows it again."""


class SourceAnswer(Struct):
    """A source and how it stands."""

    name: str
    kind: str
    source: str
    """The `source` of its events."""
    id_prefix: str
    options: dict[str, Any]
    secrets: dict[str, str]
    """Which there are; references as they are, others as `***`."""
    changed_since: dict[str, str]
    """Since when an option is as it is, for those that were changed."""
    paused: bool
    state: str
    waits: bool
    """Whether a sync is about to begin: somebody asked for one, or it is the first."""
    newest: str | None
    until: str | None
    lag_s: int | None
    next_run: str | None
    open_gaps: int | None
    error: str | None
    progress: ProgressAnswer | None
    webhook: WebhookAnswer | None
    """Null where what the desk announces is not heard."""
    created_at: str | None

    @classmethod
    def of(cls, served: ServedSource, language: str) -> SourceAnswer:
        """From a source; what went wrong is said in the language."""
        source, status = served.source, served.status
        progress = status.progress
        return cls(
            name=source.name,
            kind=source.kind,
            source=source.address,
            id_prefix=source.prefix,
            options={
                name: value for name, value in source.options.items() if name in OPTIONS
            } | {"since": instant(source.options.get("since_ms"))},
            secrets={name: shown(kept) for name, kept in source.secrets.items()},
            changed_since={name: instant_text(ms) for name, ms in source.changes.items()},
            paused=source.paused,
            state=status.state,
            waits=served.waits,
            newest=instant(source.newest_ms),
            until=instant(status.until_ms),
            lag_s=status.lag_s,
            next_run=instant(status.next_ms),
            open_gaps=status.open_gaps,
            error=None if status.error is None else translated(status.error, language),
            progress=None if progress is None else ProgressAnswer(
                progress.records, progress.events, progress.share, round(progress.elapsed_s, 1),
                None if progress.left_s is None else round(progress.left_s, 1),
            ),
            webhook=None if served.webhook is None else WebhookAnswer.of(served.webhook),
            created_at=instant(source.created_ms),
        )  # fmt: skip


class NotMeasuredAnswer(Struct):
    """Columns of the exports that stay empty."""

    columns: list[str]
    why: str


class AccessAnswer(Struct):
    """What a test of the access found."""

    account: str
    version: str
    found: dict[str, int]
    oldest: str | None
    newest: str | None
    clock_difference_s: float
    not_measured: list[NotMeasuredAnswer]
    notes: list[str]

    @classmethod
    def of(cls, access: DeskAccess, language: str) -> AccessAnswer:
        """From what was found, in the language."""
        return cls(
            account=access.account,
            version=access.version,
            found=dict(access.counts),
            oldest=_instant(access.oldest_us),
            newest=_instant(access.newest_us),
            clock_difference_s=access.clock_difference_s,
            not_measured=[
                NotMeasuredAnswer(list(columns), translated(why, language))
                for columns, why in access.not_measured
            ],
            notes=[translated(note, language) for note in access.notes],
        )


class AddedAnswer(Struct):
    """A source that is set up, and what was found of its desk."""

    source: SourceAnswer
    access: AccessAnswer
    counts: list[dict[str, Any]] | None = None
    webhook_path: str | None = None
    """A secret address for webhooks that are not signed, made with the source; nothing shows it
    again."""

    @classmethod
    def of(cls, checked: CheckedAccess, language: str) -> AddedAnswer:
        """From what was found."""
        return cls(
            SourceAnswer.of(checked.served, language),
            AccessAnswer.of(checked.access, language),
            None if checked.counts is None else [dict(row) for row in checked.counts],
            checked.webhook_path,
        )


class RemovedAnswer(Struct):
    """What is left of a source that was removed."""

    events: int
    """So many events of it stay in the log."""


def report_answer(report: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The gap report of a sync, its reasons in the language."""
    answer = public(report)
    for name, word in (("left_out", "reason"), ("not_measured", "why")):
        answer[name] = [
            {**shown_row, word: translated(from_json(row["text"]), language)}
            for shown_row, row in zip(answer[name], report[name], strict=True)
        ]
    return answer


def _instant(instant_us: int | None) -> str | None:
    return None if instant_us is None else instant_text(instant_us // 1000)
