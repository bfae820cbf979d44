"""Sentences that libraries say: English and finished, so a known one is recognised and taken apart
into a template and its values, which can be said in French."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

from tawny.text import Text


class LibraryMessages:
    """What a library may say, as templates. The first that fits counts, so longer ones come first.

    A value named `reason` is a sentence of the library again.
    """

    def __init__(self, *templates: str) -> None:
        self.templates: Sequence[str] = templates
        self._patterns = [(template, _pattern(template)) for template in templates]

    def recognised(self, sentence: str) -> Text | str:
        """The sentence as a text; as it is when nobody knows it."""
        for template, pattern in self._patterns:
            match = pattern.fullmatch(sentence)
            if match is not None:
                values: dict[str, Text | str] = match.groupdict()
                if "reason" in values:
                    values["reason"] = self.recognised(match["reason"])
                return Text(template, **values)
        return sentence


def _pattern(template: str) -> re.Pattern[str]:
    parts = (
        re.escape(text) + (f"(?P<{name}>.+?)" if name else "")
        for text, name, _, _ in string.Formatter().parse(template)
    )
    return re.compile("".join(parts), re.DOTALL)
