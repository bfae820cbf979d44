"""Who talks with whom: trees of replies, cut into conversations of one brand and one customer.

Everything here is integers, a few for each tweet, so that millions of tweets fit in memory. A
**place** is a tweet's position among the good rows of the file; authors, handles and agents are
numbered in the order of their first appearance.

A thread is a tree of replies. A conversation is the part of a thread between one brand and one
customer, because a conversation has exactly one contact: whose words they are must stay right
when a contact is counted or erased. Which part a tweet belongs to:

- a customer's tweet: that customer's; the brand is the one brand of the thread. With several
  brands, the one that answered it first, else the one it follows (nearest above it), else one it
  mentions, else the first to write in the thread. With none, a brand of the file it mentions.
- a brand's tweet: that brand's; the customer is the nearest one above it. With none above, the
  one it addresses (`@115716 ...`), else the first to answer it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from tawny.imports.signature import signature
from tawny.imports.twitter_csv import NO_PARENT, Row

NOBODY = -1
"""No tweet, author, agent or conversation."""

NEVER_S = 2**62
"""Later than any instant: nothing was seen yet."""

_CHUNK = 65_536

_MENTION = re.compile(r"@(\w{1,100})", re.ASCII)
_ADDRESSED = re.compile(r"[\s.]*@(\d{1,20})\b", re.ASCII)


class Names:
    """Distinct texts, numbered from 0 in the order of their first appearance."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of `text`, a new one if it was never seen."""
        number = self._numbers.setdefault(text, len(self._texts))
        if number == len(self._texts):
            self._texts.append(text)
        return number

    def __getitem__(self, number: int) -> str:
        return self._texts[number]

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)


def _int64(values: array[int]) -> pa.Array[pa.Scalar[pa.lib.Int64Type]]:
    """The same memory, as Arrow sees it."""
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])


def _places(wanted: array[int], ids: array[int]) -> array[int]:
    """For each wanted id the first place that has it, or `NOBODY`."""
    found = pc.index_in(_int64(wanted), value_set=_int64(ids))
    places = array("i")
    for start in range(0, len(found), _CHUNK):
        chunk = found.slice(start, _CHUNK).to_pylist()
        places.extend([NOBODY if place is None else place for place in chunk])
    return places


def _filled(value: int, length: int, code: str = "i") -> array[int]:
    return array(code, [value]) * length


class Tweets:
    """What is kept of each tweet, by place; after `link_parents` also its place in its thread."""

    def __init__(self) -> None:
        self.lines = array("i")
        self.ids = array("q")
        self.inbound = bytearray()
        self.times_s = array("q")
        self.author_of = array("i")
        self.addressed = array("i")
        """Of a brand's tweet, the customer whose number it begins with."""
        self.gone = bytearray()
        """1 for a repetition of an earlier tweet id, which counts nowhere."""
        self.authors = Names()
        self.handles = Names()
        """Names mentioned by customers, without case; numbers (customers) are not kept."""
        self.agents = Names()
        self.agent_names: list[str] = []
        self.parents = array("i")
        self.roots = array("i")
        self.depths = array("i")
        self.order = array("i")
        """Every place, parents before their replies."""
        self.parents_missing = 0
        self._parent_ids = array("q")
        self._signed = array("i")
        self._glued = bytearray()
        self._clear = bytearray()
        self._mentioned = array("i")
        self._mention_ends = array("q")

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, row: Row) -> None:
        """Keep the next row of the file, without its text."""
        self.lines.append(row.line)
        self.ids.append(row.tweet_id)
        self.inbound.append(row.inbound)
        self.times_s.append(row.time_s)
        self.author_of.append(self.authors.number(row.author))
        self._parent_ids.append(row.parent)
        agent, glued, addressed = NOBODY, False, NOBODY
        if row.inbound:
            for handle in _MENTION.findall(row.text):
                if not handle.isdigit():
                    self._mentioned.append(self.handles.number(handle.casefold()))
        else:
            agent, glued = self._agent(row)
            if (match := _ADDRESSED.match(row.text)) is not None:
                addressed = self.authors.number(match[1])
        self.addressed.append(addressed)
        self._signed.append(agent)
        self._glued.append(glued)
        self._mention_ends.append(len(self._mentioned))

    def _agent(self, row: Row) -> tuple[int, bool]:
        found = signature(row.text)
        if found is None:
            return NOBODY, False
        agent = self.agents.number(f"{row.author}:{found.key}")
        if agent == len(self._clear):
            self._clear.append(0)
            self.agent_names.append(found.name)
        if not found.glued:
            self._clear[agent] = 1
        return agent, found.glued

    def agent_of(self, place: int) -> int:
        """The agent who signed the tweet, `NOBODY` if unsigned or signed in doubt."""
        agent = self._signed[place]
        return agent if agent != NOBODY and self._clear[agent] else NOBODY

    def mentions(self, place: int) -> Iterator[int]:
        """Numbers in `handles` that a customer's tweet mentions, in its order."""
        start = self._mention_ends[place - 1] if place else 0
        return iter(self._mentioned[start : self._mention_ends[place]])

    def forget_repetitions(self) -> list[tuple[int, int]]:
        """Mark every tweet whose id came before; gives it with the place of the first one."""
        self.gone = bytearray(len(self))
        firsts = _places(self.ids, self.ids)
        repeated = [place for place, first in enumerate(firsts) if place != first]
        for place in repeated:
            self.gone[place] = 1
        return [(place, firsts[place]) for place in repeated]

    def link_parents(self) -> int | None:
        """Find every tweet's parent, root and depth; gives a place if replies go in a circle.

        A reply whose parent is not in the file starts a thread of its own.
        """
        self.parents = _places(self._parent_ids, self.ids)
        self.roots = _filled(NOBODY, len(self))
        self.depths = _filled(0, len(self))
        climbing = bytearray(len(self))
        for start in range(len(self)):
            if self.gone[start]:
                continue
            path = []
            place = start
            while place != NOBODY and self.roots[place] == NOBODY:
                if climbing[place]:
                    return place
                climbing[place] = 1
                path.append(place)
                place = self.parents[place]
            for below in reversed(path):
                parent = self.parents[below]
                self.roots[below] = below if parent == NOBODY else self.roots[parent]
                self.depths[below] = 0 if parent == NOBODY else self.depths[parent] + 1
                self.parents_missing += parent == NOBODY and self._parent_ids[below] != NO_PARENT
                self.order.append(below)
        return None


@dataclass(slots=True)
class Threads:
    """The conversations, numbered; every `..._since_s` is the time of the first message."""

    of_tweet: array[int]
    """By place: its conversation, or `NOBODY`."""
    trees: int = 0
    roots: array[int] = field(default_factory=lambda: array("i"))
    brands: array[int] = field(default_factory=lambda: array("i"))
    contacts: array[int] = field(default_factory=lambda: array("i"))
    since_s: array[int] = field(default_factory=lambda: array("q"))
    contact_since_s: array[int] = field(default_factory=lambda: array("q"))
    channel_since_s: array[int] = field(default_factory=lambda: array("q"))
    agent_since_s: array[int] = field(default_factory=lambda: array("q"))


def conversations(tweets: Tweets) -> Threads:
    """Give each tweet its conversation, by the rules at the top of this page."""
    authors = len(tweets.authors)
    threads = Threads(
        of_tweet=_filled(NOBODY, len(tweets)),
        contact_since_s=_filled(NEVER_S, authors, "q"),
        channel_since_s=_filled(NEVER_S, authors, "q"),
        agent_since_s=_filled(NEVER_S, len(tweets.agents), "q"),
    )
    brand_of = _brands(tweets)
    customer_of = _customers(tweets)
    numbers: dict[int, int] = {}
    for place in tweets.order:
        threads.trees += tweets.roots[place] == place
        brand, customer, root = brand_of[place], customer_of[place], tweets.roots[place]
        if NOBODY in (brand, customer):
            continue
        number = numbers.setdefault((root * authors + brand) * authors + customer, len(numbers))
        time_s = tweets.times_s[place]
        if number == len(threads.roots):
            threads.roots.append(root)
            threads.brands.append(brand)
            threads.contacts.append(customer)
            threads.since_s.append(time_s)
        threads.of_tweet[place] = number
        _earliest(threads.since_s, number, time_s)
        _earliest(threads.contact_since_s, customer, time_s)
        _earliest(threads.channel_since_s, brand, time_s)
        if (agent := tweets.agent_of(place)) != NOBODY:
            _earliest(threads.agent_since_s, agent, time_s)
    return threads


def _earliest(firsts: array[int], number: int, time_s: int) -> None:
    if time_s < firsts[number]:
        firsts[number] = time_s


def _first_replies(tweets: Tweets, inbound: bool) -> array[int]:
    """By place: the earliest direct reply, a customer's or a brand's, or `NOBODY`."""
    firsts = _filled(NOBODY, len(tweets))
    for place in tweets.order:
        parent = tweets.parents[place]
        if parent != NOBODY and tweets.inbound[place] == inbound:
            firsts[parent] = _earlier(tweets, firsts[parent], place)
    return firsts


def _earlier(tweets: Tweets, one: int, other: int) -> int:
    """The place of the earlier tweet, of the same second the one with the lower id."""
    if one == NOBODY:
        return other
    key = (tweets.times_s[one], tweets.ids[one])
    return one if key < (tweets.times_s[other], tweets.ids[other]) else other


def _customers(tweets: Tweets) -> array[int]:
    """By place: the author number of the customer it belongs to, or `NOBODY`."""
    answered_by = _first_replies(tweets, inbound=True)
    customers = _filled(NOBODY, len(tweets))
    for place in tweets.order:
        parent = tweets.parents[place]
        if tweets.inbound[place]:
            customers[place] = tweets.author_of[place]
        elif parent != NOBODY and customers[parent] != NOBODY:
            customers[place] = customers[parent]
        elif tweets.addressed[place] != NOBODY:
            customers[place] = tweets.addressed[place]
        elif answered_by[place] != NOBODY:
            customers[place] = tweets.author_of[answered_by[place]]
    return customers


def _brands(tweets: Tweets) -> array[int]:
    """By place: the author number of the brand it belongs to, or `NOBODY`."""
    first_in_tree = _filled(NOBODY, len(tweets))
    several: dict[int, set[int]] = {}
    handles: dict[str, int] = {}
    for place in tweets.order:
        if tweets.inbound[place]:
            continue
        root, brand = tweets.roots[place], tweets.author_of[place]
        handles[tweets.authors[brand].casefold()] = brand
        before = first_in_tree[root]
        if before != NOBODY and tweets.author_of[before] != brand:
            several.setdefault(root, {tweets.author_of[before]}).add(brand)
        first_in_tree[root] = _earlier(tweets, before, place)
    mentionable = [handles.get(handle, NOBODY) for handle in tweets.handles]
    answers = _first_replies(tweets, inbound=False)
    above = _filled(NOBODY, len(tweets))
    brands = _filled(NOBODY, len(tweets))
    for place in tweets.order:
        root, parent = tweets.roots[place], tweets.parents[place]
        if parent != NOBODY:
            above[place] = above[parent] if tweets.inbound[parent] else tweets.author_of[parent]
        if not tweets.inbound[place]:
            brands[place] = tweets.author_of[place]
            continue
        if first_in_tree[root] != NOBODY and root not in several:
            brands[place] = tweets.author_of[first_in_tree[root]]
            continue
        if answers[place] != NOBODY:
            brands[place] = tweets.author_of[answers[place]]
        elif above[place] != NOBODY:
            brands[place] = above[place]
        else:
            known = [mentionable[handle] for handle in tweets.mentions(place)]
            among = [
                b for b in known if b != NOBODY and (root not in several or b in several[root])
            ]
            if among:
                brands[place] = among[0]
            elif root in several:
                brands[place] = tweets.author_of[first_in_tree[root]]
    return brands
