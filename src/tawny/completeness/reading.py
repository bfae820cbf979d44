"""What the rule needs, read from a snapshot of the log.

What is read is what had arrived by a version, whatever instant an export is as of: an event that is
dated later says just as well that what was before it has come. Watermarks are read where there are
any; the rhythm of a channel only where watermark and newest event leave the answer open, since it
takes eight weeks of events.
"""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from tawny.completeness.rule import (
    FEWEST_GAPS,
    RHYTHM_MS,
    SENDERS_MS,
    ChannelFacts,
    Completeness,
    Statement,
    completeness,
    needs_rhythm,
    same_hours,
    watermark,
)
from tawny.engine.base import Engine
from tawny.engine.log_facts import (
    NewestEvent,
    conversation_events,
    create_stated_watermarks,
    newest_arrived,
    newest_per_channel,
    saved_channels,
)
from tawny.engine.snapshot import View, create_tables
from tawny.log.arrivals import arrivals_ms
from tawny.log.files import Snapshot
from tawny.model.zones import instant_text, zone
from tawny.queries.statements import statement

_Pair = tuple[str, str]
"""A channel and a sender."""

_UTC = zone("UTC")


def seen_from_ms(snapshot: Snapshot, as_of_ms: int, log_version: int | None = None) -> int:
    """The instant from which completeness is seen: `as_of`, and not before the version that is
    read was written."""
    version = snapshot.version if log_version is None else min(log_version, snapshot.version)
    return max(as_of_ms, arrivals_ms(snapshot.folder, [version]).get(version, as_of_ms))


def read_completeness(
    engine: Engine,
    snapshot: Snapshot,
    at_ms: int,
    *,
    up_to_ms: int | None = None,
    channels: Sequence[str] = (),
    log_version: int | None = None,
) -> list[Completeness]:
    """Up to when each channel is complete, by channel id: of those given, else of all that have
    conversations or that a watermark names.

    A channel that is given and was saved is there also when nothing came of it.

    `at_ms` is the instant from which it is seen, `up_to_ms` what is asked for (`at_ms`). With
    `log_version` events that arrived later do not exist.
    """
    facts = read_facts(
        engine, snapshot, at_ms, up_to_ms=up_to_ms, channels=channels, log_version=log_version
    )
    return [completeness(one, at_ms, up_to_ms) for one in facts]


def read_facts(
    engine: Engine,
    snapshot: Snapshot,
    at_ms: int,
    *,
    up_to_ms: int | None = None,
    channels: Sequence[str] = (),
    log_version: int | None = None,
    newest: Sequence[NewestEvent] | None = None,
) -> list[ChannelFacts]:
    """The facts of the rule; the rhythm where `needs_rhythm` says so. `newest` is what
    `newest_per_channel` found for the same view, where somebody has asked already."""
    if not snapshot.files:
        return []
    view = View(as_of_ms=at_ms, log_version=log_version, channels=tuple(channels))
    if newest is None:
        newest = newest_per_channel(engine, snapshot, view)
    newest_ms = {
        one.channel_id: one.time_ms for one in newest_arrived(engine, snapshot, view, newest)
    }
    watermarks = _watermarks(engine, snapshot, view)
    saved = saved_channels(engine, snapshot, view)
    # A watermark may name what is no channel at all.
    known = {one.channel_id for one in newest} | (
        (watermarks.keys() | set(channels)) & saved.keys()
    )
    facts = [
        ChannelFacts(
            channel_id=channel,
            name=saved[channel].name if channel in saved else None,
            newest_ms=newest_ms.get(channel),
            watermark_ms=watermarks[channel].until_ms if channel in watermarks else None,
            usual_step_ms=watermarks[channel].step_ms if channel in watermarks else None,
        )
        for channel in sorted(known)
        if not channels or channel in channels
    ]
    asked_ms = at_ms if up_to_ms is None else up_to_ms
    zones = {channel: _zone_of(one.business_hours) for channel, one in saved.items()}
    usual = _usual_gaps(
        engine, snapshot, view, [one for one in facts if needs_rhythm(one, asked_ms)], zones
    )
    return [replace(one, usual_gap_ms=usual.get(one.channel_id)) for one in facts]


def _zone_of(business_hours: str | None) -> zoneinfo.ZoneInfo:
    """The zone of a channel's clocks; UTC where nobody said."""
    return _UTC if business_hours is None else zone(json.loads(business_hours)["time_zone"])


def _watermarks(engine: Engine, snapshot: Snapshot, view: View) -> dict[str, Statement]:
    """The watermark of each channel that has one."""
    duck = engine.embedded
    if not snapshot.paths("watermark"):
        return {}
    create_tables(duck, snapshot, view, ("watermark_events", "conversation_events"))
    create_stated_watermarks(duck)
    since = {"from_ms": view.as_of_ms - RHYTHM_MS}
    stated = [
        (str(source), channel, _statement(rest))
        for source, channel, *rest in duck.rows(statement("completeness/watermarks.sql"), since)
    ]
    statements: dict[_Pair, Statement] = {}
    of_all = {source: last for source, channel, last in stated if channel is None}
    for pair in _created_by(engine, of_all):
        _add(statements, pair, of_all[pair[1]])
    for source, channel, stated_last in stated:
        if channel is not None:
            _add(statements, (str(channel), source), stated_last)
    # Who stated nothing of late still holds a channel up while it sends other events of it.
    late = {pair for pair, one in statements.items() if one.last_ms <= view.as_of_ms - SENDERS_MS}
    for pair, last_ms in _last_sent(engine, snapshot, view, {source for _, source in late}):
        if pair in late:
            _add(statements, pair, replace(statements[pair], last_ms=last_ms))
    by_channel: dict[str, list[Statement]] = {}
    for pair, last in statements.items():
        by_channel.setdefault(pair[0], []).append(last)
    found = {one: watermark(of_it, view.as_of_ms) for one, of_it in by_channel.items()}
    return {one: smallest for one, smallest in found.items() if smallest is not None}


def _statement(row: Sequence[object]) -> Statement:
    until_ms, last_ms, step_ms = row
    return Statement(
        int(str(until_ms)), int(str(last_ms)), None if step_ms is None else int(str(step_ms))
    )


def _add(statements: dict[_Pair, Statement], pair: _Pair, new: Statement) -> None:
    there = statements.get(pair, new)
    ahead = max((there, new), key=lambda one: one.until_ms)
    statements[pair] = replace(ahead, last_ms=max(there.last_ms, new.last_ms))


def _created_by(engine: Engine, senders: Iterable[str]) -> list[_Pair]:
    """The channels in which those senders created a conversation."""
    senders = list(senders)
    if not senders:
        return []
    _share_texts(engine, "stating_senders", "source", senders)
    rows = engine.embedded.rows(statement("completeness/creators.sql"))
    return [(str(channel), str(source)) for source, channel in rows]


def _last_sent(
    engine: Engine, snapshot: Snapshot, view: View, senders: Iterable[str]
) -> list[tuple[_Pair, int]]:
    """When those senders last sent an event of a channel, of the last 30 days."""
    senders = list(senders)
    if not senders:
        return []
    _share_texts(engine, "stating_senders", "source", senders)
    _make_recent(engine, snapshot, view, SENDERS_MS)
    rows = engine.embedded.rows(statement("completeness/senders.sql"))
    return [((str(channel), str(source)), int(str(last))) for source, channel, last in rows]


def _usual_gaps(
    engine: Engine,
    snapshot: Snapshot,
    view: View,
    judged: Iterable[ChannelFacts],
    zones: Mapping[str, zoneinfo.ZoneInfo],
) -> dict[str, int]:
    """The usual gap of each of those channels, where there are enough to know it."""
    duck = engine.embedded
    at_ms = view.as_of_ms
    newest = {
        one.channel_id: one.newest_ms
        for one in judged
        if one.newest_ms is not None and one.newest_ms >= at_ms - RHYTHM_MS
    }
    if not newest:
        return {}
    hours = [
        (channel, *hour)
        for channel, newest_ms in newest.items()
        for hour in same_hours(newest_ms, at_ms, zones.get(channel, _UTC))
    ]
    duck.add_table(
        "judged_channels",
        pa.table(
            {
                "channel_id": pa.array(list(newest), pa.string()),
                "newest_ms": pa.array(list(newest.values()), pa.int64()),
            }
        ),
    )
    duck.add_table(
        "same_hours",
        pa.table(
            {
                "channel_id": pa.array([hour[0] for hour in hours], pa.string()),
                "from_ms": pa.array([hour[1] for hour in hours], pa.int64()),
                "to_ms": pa.array([hour[2] for hour in hours], pa.int64()),
            }
        ),
    )
    create_tables(duck, snapshot, view, ("conversation_events",))
    _make_recent(engine, snapshot, view, RHYTHM_MS)
    rows = duck.rows(statement("completeness/gaps.sql"))
    return {
        str(channel): int(str(gap_ms))
        for channel, gap_ms, gaps in rows
        if int(str(gaps)) >= FEWEST_GAPS
    }


def _make_recent(engine: Engine, snapshot: Snapshot, view: View, last_ms: int) -> None:
    """The view `recent_channel_events`: events of conversations of so long before the instant, with
    their channel. `conversation_events` is there already."""
    begin_ms = view.as_of_ms - last_ms
    files = [
        file
        for file in snapshot.files
        if file.last_ms >= begin_ms and file.first_ms <= view.as_of_ms
    ]
    begin = f"time >= TIMESTAMPTZ '{instant_text(begin_ms)}'"
    engine.embedded.make_view(
        "recent_events",
        conversation_events(engine.embedded, snapshot, view, files, ("source",), [begin]),
    )
    engine.embedded.make_view(
        "recent_channel_events", statement("completeness/recent_channel_events.sql")
    )


def _share_texts(engine: Engine, name: str, column: str, values: Sequence[str]) -> None:
    engine.embedded.add_table(name, pa.table({column: pa.array(values, pa.string())}))
