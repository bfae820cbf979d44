"""The public "Customer Support on Twitter" layout as events (docs/import-twitter.md).

One row is one tweet. What the rows say becomes messages, conversations, contacts, agents and
channels; what they do not say (locks, presence, resolves, surveys, business hours, teams) is not
made up, so the exported cells that need it stay empty.

The file is read twice: once for who answers whom, which stays in memory as a few integers a
tweet, and once for the texts, which do not.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from tawny.errors import StorageError, UnreadableInputError
from tawny.imports.threads import NEVER_S, NOBODY, Threads, Tweets, conversations
from tawny.imports.twitter_csv import Row, rows
from tawny.text import Text

SOURCE = "twitter:customer-support"
"""The CloudEvents `source` of every event made here."""

MEDIUM = "twitter"

_BLOCK_EVENTS = 4096


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that gave no message, and why. `line` is its first line; the header is line 1."""

    line: int
    reason: Text


@dataclass(slots=True)
class TwitterSummary:
    """What was in the file and what came out of it. Complete before the first event is given.

    `tweets` = `inbound` + `outbound` + `len(refused)` + `len(left_out)`: no row vanishes.
    """

    tweets: int = 0
    """Rows of the file, blank lines and the header not counted."""
    inbound: int = 0
    outbound: int = 0
    signed: int = 0
    """Outbound messages whose agent is known by a signature."""
    conversations: int = 0
    unanswered: int = 0
    """Conversations in which the brand wrote nothing."""
    threads: int = 0
    """Trees of replies, before they are cut by brand and customer."""
    parents_missing: int = 0
    """Replies to a tweet that the file does not hold; each starts a thread of its own."""
    contacts: int = 0
    agents: int = 0
    channels: int = 0
    events: int = 0
    refused: list[Skipped] = field(default_factory=list)
    """Rows that break a rule of the layout: column, found, allowed."""
    left_out: list[Skipped] = field(default_factory=list)
    """Good rows that no conversation with a brand can be known for."""

    @property
    def messages(self) -> int:
        """Tweets that became a `message.created`."""
        return self.inbound + self.outbound

    def __str__(self) -> str:
        return (
            f"tweets={self.tweets} messages={self.messages} conversations={self.conversations} "
            f"contacts={self.contacts} agents={self.agents} channels={self.channels} "
            f"left_out={len(self.left_out)} refused={len(self.refused)}"
        )


class TwitterFile:
    """A CSV file of the layout, its threads known; `events` reads its texts.

    Raises `UnreadableInputError` if it is not such a file, before any event is given.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.summary = TwitterSummary()
        self._tweets = Tweets()
        for row in rows(path, self._refuse):
            self._tweets.add(row)
        self.summary.tweets = len(self._tweets) + len(self.summary.refused)
        for place, first in self._tweets.forget_repetitions():
            line, tweet_id = self._tweets.lines[place], self._tweets.ids[place]
            first_line = self._tweets.lines[first]
            self._refuse(
                line,
                Text(
                    "tweet_id: found {tweet_id} again, first on line {first}; allowed once",
                    tweet_id=tweet_id,
                    first=first_line,
                ),
            )
        circle = self._tweets.link_parents()
        if circle is not None:
            raise UnreadableInputError(
                "{path}:{line}: in_response_to_tweet_id: found tweet {tweet} answering itself by "
                "way of its own replies; allowed an earlier tweet; nothing was imported",
                path=path,
                line=self._tweets.lines[circle],
                tweet=self._tweets.ids[circle],
            )
        self._threads: Threads = conversations(self._tweets)
        self._count()

    def _refuse(self, line: int, reason: Text) -> None:
        self.summary.refused.append(Skipped(line, reason))

    def _count(self) -> None:
        summary, tweets, threads = self.summary, self._tweets, self._threads
        summary.refused.sort(key=lambda skipped: skipped.line)
        answered = bytearray(len(threads.roots))
        for place, conversation in enumerate(threads.of_tweet):
            if tweets.gone[place]:
                continue
            if conversation == NOBODY:
                summary.left_out.append(Skipped(tweets.lines[place], self._why_left_out(place)))
            elif tweets.inbound[place]:
                summary.inbound += 1
            else:
                summary.outbound += 1
                answered[conversation] = 1
                summary.signed += tweets.agent_of(place) != NOBODY
        summary.conversations = len(threads.roots)
        summary.unanswered = len(answered) - sum(answered)
        summary.threads = threads.trees
        summary.parents_missing = tweets.parents_missing
        summary.contacts = _known(threads.contact_since_s)
        summary.agents = _known(threads.agent_since_s)
        summary.channels = _known(threads.channel_since_s)
        summary.events = (
            summary.messages
            + summary.conversations
            + summary.contacts
            + summary.agents
            + summary.channels
        )

    def _why_left_out(self, place: int) -> Text:
        tweet_id = self._tweets.ids[place]
        if self._tweets.inbound[place]:
            return Text(
                "tweet_id: found {tweet_id}, a customer's, in a thread without a brand's tweet and "
                "with no @mention of a brand; allowed one whose brand is known",
                tweet_id=tweet_id,
            )
        return Text(
            "tweet_id: found {tweet_id}, a brand's that answers no customer, addresses none and "
            "was answered by none; allowed one whose customer is known",
            tweet_id=tweet_id,
        )

    def events(self) -> Iterator[bytes]:
        """Blocks of whole lines: who and which conversations first, then messages by file order."""
        block: list[bytes] = []
        encode = msgspec.json.Encoder().encode
        for event in self._events():
            block.append(encode(event))
            if len(block) == _BLOCK_EVENTS:
                yield b"\n".join(block) + b"\n"
                block.clear()
        if block:
            yield b"\n".join(block) + b"\n"

    def _events(self) -> Iterator[dict[str, Any]]:
        tweets, threads = self._tweets, self._threads
        for brand, since_s in _since(threads.channel_since_s):
            name = tweets.authors[brand]
            data = {"channel_id": name, "medium": MEDIUM, "name": name}
            yield _event("channel.saved", name, since_s, data)
        for contact, since_s in _since(threads.contact_since_s):
            name = tweets.authors[contact]
            data = {"contact_id": name, "medium": MEDIUM, "primary_identifier": name}
            yield _event("contact.saved", name, since_s, data)
        for agent, since_s in _since(threads.agent_since_s):
            agent_id = tweets.agents[agent]
            data = {"agent_id": agent_id, "name": tweets.agent_names[agent]}
            yield _event("agent.saved", agent_id, since_s, data)
        for conversation, since_s in _since(threads.since_s):
            conversation_id = self._conversation_id(conversation)
            data = {
                "conversation_id": conversation_id,
                "channel_id": tweets.authors[threads.brands[conversation]],
                "contact_id": tweets.authors[threads.contacts[conversation]],
            }
            yield _event("conversation.created", conversation_id, since_s, data)
        place = -1
        for place, row in enumerate(rows(self.path, lambda _line, _reason: None)):
            if place >= len(tweets) or tweets.ids[place] != row.tweet_id:
                raise self._changed()
            if threads.of_tweet[place] != NOBODY:
                yield self._message(place, row)
        if place + 1 != len(tweets):
            raise self._changed()

    def _message(self, place: int, row: Row) -> dict[str, Any]:
        message_id = str(row.tweet_id)
        data = {
            "message_id": message_id,
            "conversation_id": self._conversation_id(self._threads.of_tweet[place]),
            "direction": "inbound" if row.inbound else "outbound",
        }
        if not row.inbound:
            data["outbound_type"] = "agent"
            agent = self._tweets.agent_of(place)
            if agent != NOBODY:
                data["agent_id"] = self._tweets.agents[agent]
        data["content"] = row.text
        event = _event("message.created", message_id, row.time_s, data)
        # Instants have whole seconds only: within one, a reply comes after what it answers.
        event["sequence"] = f"{self._tweets.depths[place]:06d}"
        return event

    def _conversation_id(self, conversation: int) -> str:
        tweets, threads = self._tweets, self._threads
        brand = tweets.authors[threads.brands[conversation]]
        contact = tweets.authors[threads.contacts[conversation]]
        return f"{tweets.ids[threads.roots[conversation]]}-{brand}-{contact}"

    def _changed(self) -> StorageError:
        return StorageError(
            "{path}: changed while it was being read; import it again, what was imported so far "
            "is recognised",
            path=self.path,
        )


def twitter_events(path: Path) -> Iterator[bytes]:
    """Blocks of whole NDJSON lines of the events in `path`, the same ones at every call.

    `TwitterFile(path)` gives the same with its `summary`.
    """
    return TwitterFile(path).events()


def _event(kind: str, thing_id: str, time_s: int, data: dict[str, str]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "source": SOURCE,
        "id": f"{kind}/{thing_id}",
        "type": kind,
        "time": _rfc3339(time_s),
        "data": data,
    }


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _rfc3339(time_s: int) -> str:
    """`2017-10-31T22:10:47Z`"""
    return (_EPOCH + timedelta(seconds=time_s)).isoformat()[:19] + "Z"


def _since(firsts: array[int]) -> Iterator[tuple[int, int]]:
    """Numbers that were seen, with the second they were first seen."""
    return ((number, since_s) for number, since_s in enumerate(firsts) if since_s != NEVER_S)


def _known(firsts: array[int]) -> int:
    return len(firsts) - firsts.count(NEVER_S)
