"""An agent's signature at the end of a brand's tweet: `^JAY`, `-Becky`, `*TM`, `/LS`.

Care teams on Twitter share one account, so the person who wrote a tweet is known only by what
they put at its end. A signature is a mark followed by one name or by initials, and nothing after
it but links, a part counter (`1/2`, `(2/2)`, `...1/2`) or a lone full stop. It is better to miss
a signature than to invent a person, so each mark has its own idea of what a name is:

    ^    any word, also glued to the sentence before: `help?^cm`, `20:00 ^DaniH`
    * ~  a word with a capital after a space or punctuation: `connected. *JoanO`, `~ Ellen`
    / =  two or three capitals after a space, so that `w/our` and `1/2` are no names: `/LS`, `= JJ`
    -    a word with a capital after a space, punctuation or a symbol: `-Becky`, ` - Paul`, `.-JC`

A dash between two letters or digits may also be a hyphen (`pick-Up`, `Coca-Cola`): such a
signature is **glued**, and counts only when the same brand signs with the same name clearly
elsewhere. Names without a mark (`... to help. Robbie`) cannot be told from words and are not read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Looking only so far back keeps the patterns quick on a text of any length.
_LINK_CHARS = 80
_COUNTER_CHARS = 12
_NAME_CHARS = 30

_NAME = r"[^\W\d_](?:\w|\.(?=\w)){0,23}"
_CAPITALISED = r"[A-ZÀ-ÖØ-Þ](?:\w|\.(?=\w)){0,23}"

_MARK = re.compile(r"[\^*~/=–—-]")
_LINK = re.compile(r"https?://[^\s^]+")
_COUNTER = re.compile(r"(?:\.{2,}|…)?\s*(?<!\d)\(?\d\s?/\s?\d\)?\Z")
_SIGNATURE = re.compile(
    rf"""(?: (?<!\^) \^ \s? (?P<caret>{_NAME})
           | (?: (?<=[\s.,;:!?)\]"'’”]) | \A ) [*~] \s? (?P<star>{_CAPITALISED})
           | (?: (?<=\s) | \A ) (?: / | =\s? ) (?P<slash>[A-Z]{{2,3}})
           | (?: (?P<before>[^\W_])(?=\S*\Z) | (?<=[^-–—]) | \A )
             (?:--|[-–—]) \s? (?P<dash>{_CAPITALISED})
         ) \.? \Z""",
    re.VERBOSE,
)

# fmt: off
_COURTESIES = frozenset({
    "bye", "cheers", "dm", "hello", "hey", "hi", "merci", "no",
    "ok", "please", "regards", "sorry", "thank", "thanks", "ty",
})
# fmt: on
"""Words that end a sentence after a dash (`... - Thanks`) and are nobody's name."""


class Signature(NamedTuple):
    """A name as written, without dots; glued = its dash may be a hyphen of the word before."""

    name: str
    glued: bool

    @property
    def key(self) -> str:
        """The name without case: `^cr` and `^CR` are one agent of a brand."""
        return self.name.casefold()


def signature(text: str) -> Signature | None:
    """The signature at the end of `text`, or None.

    >>> signature("@115716 What information is incorrect? ^JK")
    Signature(name='JK', glued=False)
    >>> signature("See https://t.co/Ax7W1Dx3Y9 -Becky https://t.co/1HmW7QxwEh").name
    'Becky'
    >>> signature("we'll reply to you-Thanks-Anwar")
    Signature(name='Anwar', glued=True)
    >>> signature("our interest in the Durham-area.") is None
    True
    """
    end = _without_tail(text)
    mark = _MARK.search(end, max(0, len(end) - _NAME_CHARS))
    found = mark and _SIGNATURE.search(end, max(0, mark.start() - 1))
    if not found:
        return None
    name = found[found.lastgroup or ""].replace(".", "")
    glued = found["before"] is not None
    if found["dash"] is not None:
        if name.casefold() in _COURTESIES:
            return None
        if glued and end[found.start() : found.start() + 1].isupper() and name.isupper():
            # RE-TASTE, WI-FI: capitals on both sides of a hyphen are one word.
            return None
    return Signature(name, glued)


def _without_tail(text: str) -> str:
    """The text without what may follow a signature: links, part counters, a lone full stop."""
    end = text.rstrip()
    while True:
        start = len(end)
        link = end.rfind("http", max(0, start - _LINK_CHARS))
        if link != -1 and _LINK.fullmatch(end, link):
            start = link
        elif end[-1:] in "0123456789)" and (
            counter := _COUNTER.search(end, max(0, start - _COUNTER_CHARS))
        ):
            start = counter.start()
        elif end[-1:] == "." and end[-2:-1].isspace():
            start -= 1
        if start == len(end):
            return end
        end = end[:start].rstrip()
