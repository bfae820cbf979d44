"""Parts of a conversation in the form in which the ledger keeps them: what they tell, without what
anybody wrote.

Who did something, and what sort of message a part is, is decided when it is first read, by what is
known then: what was sent is not told otherwise later. The API shows the newest 500 parts of a
conversation; those that were read before stay known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from tawny.sources.events import Fact, Facts
from tawny.sources.intercom import words
from tawny.sources.intercom.directory import Author, IntercomDirectory
from tawny.sources.intercom.words import id_of, instant_ms, listed, needed_id
from tawny.sources.report import GapReport

Json = Mapping[str, Any]


class ConversationPart(Struct, array_like=True, frozen=True):
    """One part. Times in milliseconds since 1970 UTC, ids without the prefix."""

    id: str
    time_ms: int
    kind: str
    """As the API calls it; `source` is the first message."""
    actor: str
    actor_id: str | None
    by_operator: bool
    message: str | None
    """None = it is none; `inbound`, or what goes out with it."""
    assigned: tuple[str, str] | None
    """`admin` or `team`, and which."""
    state: str | None
    """Of the conversation, as the API carries it."""
    reason: str | None
    """`inactivity`, or why a bot handed over."""
    added: list[str]
    """Tags that came with it."""
    removed: list[str]
    language: str | None
    team_of_agent: str | None = None
    """His only team, where somebody asked for it."""


class PartNow(NamedTuple):
    """What of a part may change: as it was just read."""

    text: str | None
    is_redacted: bool
    updated_ms: int
    tags: tuple[str, ...]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ConversationPart).decode


def kept(facts: Facts) -> list[ConversationPart]:
    """The parts of a conversation that the ledger has, in their order."""
    found = [_decode(fact.note) for name, fact in facts.items() if name.startswith("kept/")]
    return sorted(found, key=lambda one: (one.time_ms, padded(one.id)))


def keep(facts: Facts, part: ConversationPart) -> None:
    """Remember a part; what was decided when it was read first stays."""
    facts.setdefault(f"kept/{part.id}", Fact(part.time_ms, "", _encode(part).decode()))


def padded(part: str) -> str:
    """The number of a part as it is ordered; the first message comes before all."""
    return "0" * 20 if part.startswith(f"{words.SOURCE}-") else part.zfill(20)


class PartReading:
    """Reads the parts of one conversation; `now` is what may change of them."""

    def __init__(
        self, directory: IntercomDirectory, report: GapReport, *, has_texts: bool,
        credits_agent: bool,
    ) -> None:  # fmt: skip
        self.now: dict[str, PartNow] = {}
        self._directory = directory
        self._report = report
        self._has_texts = has_texts
        self._credits_agent = credits_agent

    def source(self, row: Json) -> ConversationPart | None:
        """The first message of a conversation. Raises `ValueError`."""
        source = row.get("source")
        if not isinstance(source, dict):
            return None
        number = f"{words.SOURCE}-{id_of(source.get('id')) or needed_id(row.get('id'))}"
        raw = {
            "created_at": row.get("created_at"), "body": source.get("body"),
            "author": source.get("author"), "attachments": source.get("attachments"),
            "redacted": source.get("redacted"), "updated_at": row.get("updated_at"),
        }  # fmt: skip
        delivered = str(source.get("delivered_as") or "")
        return self._part(number, words.SOURCE, raw, is_outreach=delivered in words.OUTREACH)

    def part(self, raw: Json) -> ConversationPart:
        """A part in the form that is kept, also one that tells nothing. Raises `ValueError`."""
        number, kind = needed_id(raw.get("id")), str(raw.get("part_type"))
        if kind in words.NOTES:
            self._report.ignored["private_note"] += 1
        if kind not in words.TELLING and kind not in words.NOTES and not words.is_silent(kind):
            self._report.unknown_value("conversation_parts.part_type", kind, f"part/{number}")
        elif kind not in words.TELLING and kind not in words.NOTES:
            self._report.ignored[kind] += 1
        return self._part(number, kind, raw, is_outreach=False)

    def _part(self, number: str, kind: str, raw: Json, *, is_outreach: bool) -> ConversationPart:
        time_ms = instant_ms(raw.get("created_at"))
        author = self._directory.author(raw.get("author"), self._report, f"part/{number}")
        updated = raw.get("updated_at")
        is_redacted = raw.get("redacted") is True
        body = raw.get("body")
        tags = tuple(needed_id(tag.get("id")) for tag in listed(raw.get("tags"), "tags"))
        has_text = self._has_texts and not is_redacted and isinstance(body, str)
        self.now[number] = PartNow(
            str(body) if has_text else None, is_redacted,
            time_ms if updated is None else max(time_ms, instant_ms(updated)), tags,
        )  # fmt: skip
        has_body = bool(body) or is_redacted
        if kind in words.COMMENTS:
            has_body = has_body or bool(raw.get("attachments"))
        details = raw.get("event_details")
        added, removed = _tags(details) if kind == words.TAGS else ([], [])
        if kind == words.TAGS and not added and not removed:
            self._report.unknown_value("event_details", "no tags", f"part/{number}")
        reason = words.handover_reason(details) if kind in words.ASSIGNMENTS else None
        if kind == words.CLOSE and words.is_inactivity(details):
            reason = "inactivity"
        is_message = kind in words.MESSAGES and has_body
        return ConversationPart(
            number, time_ms, kind, author.actor, author.id, author.by_operator,
            _message(kind, author, is_outreach=is_outreach) if is_message else None,
            _assigned(raw.get("assigned_to")), self._state(raw.get("state"), number), reason,
            added, removed, _language(details) if kind == words.LANGUAGE else None,
            self._directory.team_of(author.id) if self._credits_agent else None,
        )  # fmt: skip

    def _state(self, value: Any, number: str) -> str | None:
        if value is None or value in words.STATUSES:
            return value if isinstance(value, str) else None
        self._report.unknown_value("conversation_parts.state", value, f"part/{number}")
        return None


def _message(kind: str, author: Author, *, is_outreach: bool) -> str:
    if author.actor == "contact":
        return "inbound"
    if kind in words.RATING_REQUESTS:
        return "csat"
    if kind in words.AUTOMATIC or author.actor == "system":
        return "auto_responder"
    if is_outreach:
        return "proactive"
    return "virtual_agent" if author.actor == "bot" else "agent"


def _assigned(value: Any) -> tuple[str, str] | None:
    if not isinstance(value, dict) or value.get("type") not in ("admin", "team"):
        return None
    number = id_of(value.get("id"))
    return None if number is None else (str(value["type"]), number)


def _tags(details: Any) -> tuple[list[str], list[str]]:
    """What came and what went, in whichever of the forms it stands."""
    if not isinstance(details, dict):
        return [], []
    added, removed = [], []
    action = str(details.get("action") or details.get("type") or "")
    for key, value in details.items():
        if not key.startswith(("add", "remove", "tag")):
            continue
        ids = [needed_id(tag.get("id")) for tag in listed(value, "tags")]
        if isinstance(value, dict) and id_of(value.get("id")) is not None:
            ids.append(needed_id(value.get("id")))
        if "remov" in (action if key in ("tag", "tags") else key):
            removed += ids
        else:
            added += ids
    return list(dict.fromkeys(added)), list(dict.fromkeys(removed))


def _language(details: Any) -> str | None:
    if not isinstance(details, dict):
        return None
    for key in ("language", "detected_language", "language_code", "locale"):
        value = details.get(key)
        if isinstance(value, dict):
            value = value.get("code") or value.get("name")
        if isinstance(value, str) and value:
            return value
    return None
