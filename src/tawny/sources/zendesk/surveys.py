"""Satisfaction: ratings of two steps, and the surveys that came after them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tawny.sources.events import Event, Facts, data_digest, without_nulls
from tawny.sources.reader import Record, Window
from tawny.sources.report import GapReport
from tawny.sources.zendesk.directory import ZendeskDirectory
from tawny.sources.zendesk.tickets import known_ticket
from tawny.sources.zendesk.words import id_of, instant_ms, number_of
from tawny.text import Text

Json = Mapping[str, Any]

_SCORES = {"good": 5, "bad": 1}
_WITH_COMMENT = "_with_comment"
_STEPS: Mapping[int, tuple[int, ...]] = {2: (1, 5), 3: (1, 3, 5), 5: (1, 2, 3, 4, 5)}
_STARS = 5


def rating_record(
    row: Json, directory: ZendeskDirectory, window: Window, report: GapReport
) -> Record | None:
    """The record of a rating; none of one that was not even offered. Raises `ValueError`."""
    number, ticket = number_of(row.get("id")), number_of(row.get("ticket_id"))
    word = str(row.get("score"))
    if word == "unoffered":
        report.ignored["unoffered_rating"] += 1
        return None
    score = _SCORES.get(word.removesuffix(_WITH_COMMENT))
    if score is None and word != "offered":
        report.unknown_value("satisfaction_ratings.score", word, f"rating/{number}")
        report.leave_out(f"rating/{number}", Text("its score is unknown"))
        return None
    sent_ms = instant_ms(row.get("created_at"))
    answered_ms = instant_ms(row.get("updated_at") or row["created_at"])

    def events(facts: Facts) -> Iterator[Event]:
        yield from _survey(
            directory, window, report, facts, ticket, str(number), f"80-{number:020d}", sent_ms,
            None if score is None else (score, answered_ms, row.get("comment") or None), None,
        )  # fmt: skip

    return Record(f"conversation/{ticket}", events)


def response_record(
    row: Json, directory: ZendeskDirectory, window: Window, report: GapReport
) -> Record | None:
    """The record of a survey and of its answer. Raises `ValueError`."""
    number, ticket = str(row["id"]), _ticket_of(row)
    if ticket is None:
        report.ignored["survey_of_no_ticket"] += 1
        return None
    answers = [one for one in row.get("answers") or () if isinstance(one, dict)]
    rated = next((one for one in answers if one.get("rating") is not None), None)
    times = [instant_ms(one["created_at"]) for one in answers if one.get("created_at")]
    sent_ms = instant_ms(row["created_at"]) if row.get("created_at") else min(times)
    answer: tuple[int, int, str | None] | None = None
    if rated is not None:
        score = score_of(rated["rating"], _scale(rated))
        if score is None:
            report.unknown_value("survey_responses.rating", rated["rating"], f"survey/{number}")
            report.leave_out(f"survey/{number}", Text("the scale of its rating is unknown"))
            return None
        text = next((one["value"] for one in answers if isinstance(one.get("value"), str)), None)
        answered_ms = instant_ms(rated.get("updated_at") or rated.get("created_at") or sent_ms)
        answer = (score, answered_ms, text or None)
    expires_ms = None if row.get("expires_at") is None else instant_ms(row["expires_at"])

    def events(facts: Facts) -> Iterator[Event]:
        yield from _survey(
            directory, window, report, facts, ticket, number, f"80-{number}", sent_ms, answer,
            expires_ms,
        )  # fmt: skip

    return Record(f"conversation/{ticket}", events)


def _survey(
    directory: ZendeskDirectory, window: Window, report: GapReport, facts: Facts, ticket: int,
    number: str,
    sequence: str, sent_ms: int, answer: tuple[int, int, str | None] | None, expires_ms: int | None,
) -> Iterator[Event]:  # fmt: skip
    known = known_ticket(facts, ticket)
    if known is None or known.is_left_out:
        report.ignored["survey_of_ticket_left_out"] += 1
        return
    if window.is_young(sent_ms * 1000):
        return
    ids = {
        "survey_id": directory.named(number), "conversation_id": directory.named(ticket),
    }  # fmt: skip
    yield Event(f"csat/{number}/sent", "csat.sent", sent_ms, ids, sequence)
    if answer is not None:
        score, answered_ms, text = answer
        if not window.is_young(answered_ms * 1000):
            data = without_nulls({**ids, "score": score, "follow_up_response": text})
            yield Event(
                f"csat/{number}/answered/{data_digest(data)}", "csat.answered", answered_ms, data,
                sequence,
            )  # fmt: skip
    elif expires_ms is not None and expires_ms * 1000 <= window.horizon_us:
        yield Event(f"csat/{number}/expired", "csat.expired", expires_ms, ids, sequence)


def score_of(rating: Any, scale: Sequence[int]) -> int | None:
    """A rating as one of five steps, halves up: those of two and three steps lie as far apart as
    they can, those of more are cut to five.

    >>> [score_of(n, [1, 2, 3]) for n in (1, 2, 3)], score_of(7, range(1, 11)), score_of(4, [])
    ([1, 3, 5], 4, None)
    """
    if isinstance(rating, bool) or not isinstance(rating, (int, float)) or rating not in scale:
        return None
    place = sorted(scale).index(int(rating))
    if len(scale) in _STEPS:
        return _STEPS[len(scale)][place]
    if len(scale) < max(_STEPS):
        return None
    # (place + 1) of n steps, as five: the half belongs to the higher one.
    return max(1, int((place + 1) * _STARS / len(scale) + 0.5))


def _scale(answer: Json) -> list[int]:
    """The steps of a question, which stand in it."""
    question = answer.get("question")
    options = question.get("options") if isinstance(question, dict) else None
    found = [one.get("rating") for one in options or () if isinstance(one, dict)]
    return [one for one in found if isinstance(one, int) and not isinstance(one, bool)]


def _ticket_of(row: Json) -> int | None:
    """The ticket a survey is about: its subject, by number or by name (`zen:ticket:12`)."""
    subjects = row.get("subjects")
    for one in [row, *(subjects if isinstance(subjects, list) else [row.get("subject")])]:
        if not isinstance(one, dict):
            continue
        if one.get("ticket_id") is not None:
            return id_of(one["ticket_id"])
        named = re.fullmatch(r"zen:ticket:(\d+)", str(one.get("zrn") or ""))
        if named is not None:
            return int(named[1])
        if one is not row and one.get("type") == "ticket":
            return id_of(one.get("id"))
    return None
