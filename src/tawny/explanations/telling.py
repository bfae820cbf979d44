"""An explanation as a person reads it, and as programs do."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from tawny.engine.event_keys import EventKey
from tawny.explanations.explanation import Explanation
from tawny.explanations.gathering import EvidencePart
from tawny.explanations.words import counts, event_words, part_words, why_empty
from tawny.languages import translated
from tawny.model.zones import instant_text, local_text
from tawny.queries.catalogue import query
from tawny.text import Text, one_line

_WIDTH = 96


def as_text(explanation: Explanation, language: str) -> str:
    """What it says, in a language (`en`, `fr`), without a line end."""

    def say(text: Text) -> str:
        return translated(text, language)

    column, zone = explanation.column, explanation.bounds.zone
    header = column.headers[language]
    title = query(explanation.request.export_type).head.title
    value = explanation.value
    if value is None:
        first = Text("{header} of {row} in {export}: empty, because {reason}",
                     header=header, row=explanation.row, export=Text(title),
                     reason=why_empty(explanation.rule.name))  # fmt: skip
    else:
        shown = f"{value} {column.unit}" if column.unit in ("s", "%") else value
        first = Text(
            "{header} of {row} in {export}: {value}",
            header=header,
            row=explanation.row,
            export=Text(title),
            value=shown,
        )
    lines = [say(first), ""]
    lines += textwrap.wrap(column.definition[language], _WIDTH, initial_indent="  ",
                           subsequent_indent="  ")  # fmt: skip
    lines += ["", say(Text("As of {as_of}, the events behind it in their order:",
                           as_of=local_text(explanation.bounds.as_of_ms, zone)))]  # fmt: skip
    for key in explanation.events():
        event = explanation.evidence.events[key]
        lines.append(f"  {local_text(key.time_ms, zone)}  {one_line(say(event_words(event)))}")
        lines += [
            f"      {_amount(part, explanation, language)}{say(part_words(part))}"
            for part in told_parts(explanation, key)
        ]
    if explanation.arithmetic is not None:
        lines += ["", say(Text("So: {steps}", steps=explanation.arithmetic.says))]
    return "\n".join(lines)


def as_json(
    explanation: Explanation, language: str, *, hides_elsewhere: bool = False
) -> dict[str, Any]:
    """The same for programs; sentences in a language. `hides_elsewhere` calls the conversations by
    whose locks sessions ended `another`."""
    request, bounds = explanation.request, explanation.bounds
    steps = explanation.arithmetic
    empty = explanation.value is None
    events = dict(explanation.evidence.events)
    for key in explanation.evidence.elsewhere if hides_elsewhere else ():
        data = events[key]["data"] | {"conversation_id": "another"}
        events[key] = events[key] | {"data": data}
    return {
        "export": request.export_type,
        "row": explanation.row,
        "column": explanation.column.key,
        "header": explanation.column.headers[language],
        "value": explanation.value,
        "unit": explanation.column.unit,
        "definition": explanation.column.definition[language],
        "time_zone": request.time_zone,
        "from": None if bounds.from_ms is None else instant_text(bounds.from_ms),
        "to": None if bounds.to_ms is None else instant_text(bounds.to_ms),
        "as_of": instant_text(bounds.as_of_ms),
        "channels": list(request.channels),
        "log_version": explanation.log_version,
        "why_empty": translated(why_empty(explanation.rule.name), language) if empty else None,
        "arithmetic": None
        if steps is None
        else {"kind": steps.how, "says": translated(steps.says, language), "value": steps.value},
        "evidence": [
            {
                "says": translated(event_words(events[key]), language),
                "parts": [
                    {
                        "part": part.name,
                        "says": translated(part_words(part), language),
                        "counts": counts(part.name),
                        _unit(explanation): part.amount,
                    }
                    for part in told_parts(explanation, key)
                ],
                "event": events[key],
            }
            for key in explanation.events()
        ],
    }


def as_events(explanation: Explanation) -> str:
    """The events of the evidence, one a line, as they would be ingested."""
    return "\n".join(
        json.dumps(explanation.evidence.events[key], ensure_ascii=False)
        for key in explanation.events()
    )


def told_parts(explanation: Explanation, key: EventKey) -> list[EvidencePart]:
    """The parts of an event, those that add something first; each thing is said once."""
    listed = explanation.evidence.parts[key]
    named = {part.name: part for part in sorted(listed, key=lambda one: one.amount is not None)}
    if len(named) > 1:
        # What it adds says more than that it makes the row, or a conversation.
        for plain in ("row", "created"):
            if len(named) > 1:
                named.pop(plain, None)
    return sorted(named.values(), key=lambda one: one.amount is None)


def _unit(explanation: Explanation) -> str:
    return "count" if explanation.rule.how == "count" else "ms"


def _amount(part: EvidencePart, explanation: Explanation, language: str) -> str:
    """What a part adds, before the words about it."""
    if part.amount is None:
        return ""
    if explanation.rule.how == "count":
        return f"+{part.amount}  "
    seconds = translated(Text("{seconds:,.3f} s", seconds=abs(part.amount) / 1000), language)
    sign = "+ " if part.amount >= 0 else "− "
    return f"{sign if counts(part.name) else ''}{seconds}  "
