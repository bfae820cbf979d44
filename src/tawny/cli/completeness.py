"""What `tawny export` says of channels that may lack events, and waiting for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import structs

from tawny.cli.app import say, settings
from tawny.completeness.words import channels_of_receipt, named_channels
from tawny.exports.request import ExportRequest, resolve
from tawny.intake.moving import move_inbox
from tawny.model.durations import checked_duration, milliseconds
from tawny.model.zones import current_ms, instant_ms, instant_text
from tawny.text import Text, one_line

if TYPE_CHECKING:
    from tawny.client import Client

LOOK_EVERY_S = 1.0
SERVER_LOOK_EVERY_S = 3.0


@dataclass(frozen=True, slots=True)
class _Channel:
    title: str
    complete_until_ms: int | None


_Look = Callable[[int], Sequence[_Channel]]
"""The channels of a request as they are now, asked for up to an instant."""


def say_what_is_incomplete(receipt: Mapping[str, Any], wait: WaitForEvents | None = None) -> None:
    """Say of which channels a file may lack events, and since when; after waiting, up to the
    instant that was waited for."""
    found, up_to_ms = channels_of_receipt(receipt)
    if wait is not None:
        up_to_ms = wait.up_to_ms
    channels = [_Channel(one_line(one.title), one.complete_until_ms) for one in found]
    late = _late(channels, up_to_ms)
    if late:
        click.echo(f"tawny: {say(_lacking(late, len(late), len(channels)))}", err=True)


def lacking(incomplete: Mapping[str, Any]) -> Text:
    """Of which channels the file of a delivery may lack events, as the API says it."""
    late = [
        _Channel(
            one_line(one["name"] or one["channel_id"]),
            None if one["complete_until"] is None else _instant_ms(one["complete_until"]),
        )
        for one in incomplete["channels"]
    ]
    return _lacking(late, incomplete["count"], incomplete["all"])


def _lacking(late: Sequence[_Channel], count: int, every: int) -> Text:
    return Text(
        "the file may lack events of {count} of {all} channels: {channels}",
        count=count,
        all=every,
        channels=named_channels(late, _minute, in_receipt=count),
    )


class WaitForEvents:
    """Waits until every channel of a request is complete up to the end of its range, or, where it
    has none, up to the instant of the call, which is then its `as_of`."""

    def __init__(self, request: ExportRequest, longest: str) -> None:
        """`longest` is a duration. Raises `RequestError`."""
        self._longest = checked_duration("--wait-until-complete", longest)
        now_ms = current_ms()
        bounds = resolve(request, now_ms)
        self.up_to_ms = bounds.up_to_ms
        self.request = request
        if bounds.to_ms is None:
            self.request = structs.replace(request, as_of=instant_text(bounds.as_of_ms))
        elif request.as_of is None:
            self.up_to_ms = bounds.to_ms

    def for_folder(self, home: Path) -> None:
        """Wait for the log of a data folder; returns at the latest after the longest wait."""
        self._wait(_folder_look(home, self.request), LOOK_EVERY_S)

    def for_server(self, client: Client) -> None:
        """Wait for the log of a server."""
        asked = set(self.request.channels)

        def look(_up_to_ms: int) -> Sequence[_Channel]:
            return [
                _Channel(
                    one_line(one.name or one.channel_id),
                    None if one.complete_until is None else _instant_ms(one.complete_until),
                )
                for one in client.log().channels
                if not asked or one.channel_id in asked
            ]

        self._wait(look, SERVER_LOOK_EVERY_S)

    def _wait(self, look: _Look, every_s: float) -> None:
        deadline_s = time.monotonic() + milliseconds(self._longest) / 1000
        is_said = False
        while True:
            channels = look(self.up_to_ms)
            late = _late(channels, self.up_to_ms)
            # A log in which nothing is has nothing that is complete.
            if channels and not late and current_ms() >= self.up_to_ms:
                return
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return
            if not is_said:
                is_said = True
                self._say(late)
            time.sleep(min(every_s, left_s))

    def _say(self, late: Sequence[_Channel]) -> None:
        message = Text(
            "waiting until everything before {up_to} has come, at most {longest}",
            up_to=_minute(self.up_to_ms),
            longest=self._longest,
        )
        if late:
            message = Text(
                "{message}: {channels}", message=message, channels=named_channels(late, _minute)
            )
        click.echo(f"tawny: {say(message)}", err=True)


def _folder_look(home: Path, request: ExportRequest) -> _Look:
    """Looks into a log when it has changed, or the instant that is asked for has passed."""
    from tawny.completeness.reading import read_completeness, seen_from_ms
    from tawny.engine.engines import open_of_folder
    from tawny.state.event_log import event_log

    seen: tuple[object, Sequence[_Channel]] | None = None

    def look(up_to_ms: int) -> Sequence[_Channel]:
        nonlocal seen
        move_inbox(home, settings())
        log = event_log(home, settings())
        now_ms = current_ms()
        state = log.changed_ns(), now_ms >= up_to_ms
        if seen is None or seen[0] != state:
            snapshot = log.snapshot()
            with open_of_folder(home, settings()) as duck:
                found = read_completeness(
                    duck,
                    snapshot,
                    seen_from_ms(snapshot, now_ms),
                    up_to_ms=up_to_ms,
                    channels=request.channels,
                )
            seen = (
                state,
                [_Channel(one_line(one.title), one.complete_until_ms) for one in found],
            )
        return seen[1]

    return look


def _late(channels: Iterable[_Channel], up_to_ms: int) -> list[_Channel]:
    """Those that are not complete, the longest first."""
    late = [
        one for one in channels if one.complete_until_ms is None or one.complete_until_ms < up_to_ms
    ]
    return sorted(late, key=lambda one: (one.complete_until_ms is not None, one.complete_until_ms))


def _minute(instant_ms: int) -> str:
    """An instant as people read it, to the minute before it."""
    return instant_text(instant_ms)[:16].replace("T", " ") + " UTC"


def _instant_ms(text: str) -> int:
    found = instant_ms(text)
    assert found is not None, text
    return found
