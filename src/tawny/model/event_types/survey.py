"""Events of satisfaction surveys."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tawny.model.event_data import EventData, Id

Score = Annotated[int, Meta(ge=1, le=5)]


class CsatSent(EventData, gc=False):
    """A satisfaction survey goes out; the first one of a survey counts."""

    event_type = "csat.sent"
    family = "survey"
    survey_id: Id
    conversation_id: Id


class CsatAnswered(EventData, gc=False):
    """A survey is answered. May come again for the same survey: the last one gives the score,
    the first one the date."""

    event_type = "csat.answered"
    family = "survey"
    survey_id: Id
    conversation_id: Id
    score: Score
    follow_up_question: str | None = None
    follow_up_response: str | None = None


class CsatExpired(EventData, gc=False):
    """A survey can no longer be answered."""

    event_type = "csat.expired"
    family = "survey"
    survey_id: Id
    conversation_id: Id


TYPES: tuple[type[EventData], ...] = (
    CsatSent,
    CsatAnswered,
    CsatExpired,
)
