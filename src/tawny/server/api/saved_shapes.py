"""What the API takes and gives of saved exports, as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, convert

from tawny.exports.request import ExportChoices, ExportRequest, request_json
from tawny.runs.store_saved import SavedChoice, SavedExportRow
from tawny.server.api.shapes import ExportBody, RequestAnswer, instant

PeriodName = Literal[
    "today", "yesterday", "this-week", "this-month", "month-to-date", "last-7-days",
    "last-30-days", "last-week", "last-month", "last-quarter",
]  # fmt: skip


class SavedBody(ExportBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A choice to save: a request with a period instead of a range."""

    # A period instead of a range.
    start: None = None
    end: None = None
    as_of: None = None
    name: Annotated[str, Meta(min_length=1, max_length=255)]
    period: PeriodName
    shared: Annotated[bool, Meta(description="Whether others see it and run it too")] = False

    def choice(self) -> SavedChoice:
        """The same for the layers below."""
        fields = {name: getattr(self, name) for name in ExportChoices.__struct_fields__}
        return SavedChoice(self.name, self.period, self.shared, ExportRequest(**fields))


class SavedAnswer(Struct):
    """A saved export; its `request` has no range."""

    id: int
    name: str
    period: str
    shared: bool
    owner: str
    request: RequestAnswer
    created_at: str | None

    @classmethod
    def of(cls, saved: SavedExportRow) -> SavedAnswer:
        """From a saved export."""
        choice = saved.choice
        return cls(
            id=saved.id,
            name=choice.name,
            period=choice.period,
            shared=choice.shared,
            owner=saved.owner,
            request=convert(request_json(choice.request), RequestAnswer),
            created_at=instant(saved.created_ms),
        )
