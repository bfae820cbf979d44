"""What a sender states of its own sending."""

from __future__ import annotations

from tawny.model import zones
from tawny.model.event_data import TIME_RULE, Broken, EventData, Id, RuleError


class SourceWatermark(EventData, gc=False):
    """The sender states that it has sent everything with a time before `until`, of these channels
    or, without `channels`, of all. Changes no cell of any export."""

    event_type = "source.watermark"
    family = "watermark"
    until: str
    channels: list[Id] | None = None

    def __post_init__(self) -> None:
        if zones.instant_ms(self.until) is None:
            raise RuleError(Broken("until", self.until, TIME_RULE))


TYPES: tuple[type[EventData], ...] = (SourceWatermark,)
