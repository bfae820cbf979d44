"""What changed in an export since the file before, as a file: the rows of a feed between two states
of the log, in the format of a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from tawny.disk import flush, translated_os_errors
from tawny.engine.base import Embedded
from tawny.exports.change_columns import change_columns
from tawny.exports.channels_seen import ChannelsSeen
from tawny.exports.formats.registry import file_format
from tawny.exports.formats.source import RowSource, file_metadata
from tawny.exports.receipt import FEED, Receipt, receipt_text
from tawny.exports.request import ExportRequest, resolve
from tawny.exports.session import ExportSession, publish
from tawny.exports.slicing import Delivered
from tawny.feeds.feed import FeedReader
from tawny.feeds.request import PERIODS, FeedRequest
from tawny.model.zones import instant_text, offset_segments
from tawny.queries.catalogue import query
from tawny.scratch import working_file
from tawny.settings import Settings


class FeedSpan(Struct, frozen=True):
    """From where to where a file of changes leads."""

    since: str | None
    """The cursor that it goes on from; None = from the beginning."""
    cursor: str
    """The one that the next file goes on from."""
    period: str | None


def feed_request(request: ExportRequest, frequency: str) -> FeedRequest:
    """The feed of a schedule: where rows sum up, its periods are as long as its ranges."""
    period = None
    if query(request.export_type).sums_up:
        period = next(name for name, known in PERIODS.items() if known == frequency)
    return FeedRequest(request.export_type, request.time_zone, tuple(request.channels), period)


def write_change_file(
    home: Path, settings: Settings, request: ExportRequest, target: Path, now_ms: int
) -> dict[str, Any]:
    """Write what changed since `request.since` up to the newest state of the log; returns the
    receipt. The file appears under its name when it is whole, its receipt beside it."""
    assert request.changes is not None
    feed = feed_request(request, request.changes)
    work = working_file(target)
    reader = FeedReader(home, settings, feed, given_channels=True, kind=request.kind,
                        content=request.content)  # fmt: skip
    with reader, translated_os_errors(str(target.parent)):
        try:
            kept = reader.keep(request.since)
            with ExportSession(home, settings, now_ms) as session:
                bounds = resolve(
                    structs.replace(request, as_of=instant_text(kept.as_of_ms)), now_ms
                )
                view = session.view(request, bounds, None)
                channels = ChannelsSeen(session.engine)
                newest = channels.newest(session.snapshot, view)
                complete = channels.completeness(session.snapshot, view, bounds)
                months = session.snapshot.months()

            def prepare(_index: int, _engine: Embedded) -> Delivered:
                return Delivered()

            chosen_format = file_format(request.format, request.dialect)
            source = RowSource(
                engines=[kept.duck],
                statement=kept.statement,
                slices=1,
                prepare=prepare,
                columns=change_columns(request),
                segments=offset_segments(bounds.zone, months),
                time_zone=request.time_zone,
                headers=request.headers,
                title=request.export_type,
                key=[],
                cut_long_cells=request.long_cells == "cut",
                metadata=file_metadata(request.export_type, kept.as_of_ms),
            )
            work.write_bytes(b"")
            written = chosen_format.write(source, work)
            flush(work)
            receipt = Receipt(
                request=request,
                bounds=bounds,
                content_media=reader.content_media,
                log_version=kept.log_version,
                rows=written.rows,
                size_bytes=work.stat().st_size,
                sha256=written.sha256,
                newest=newest,
                completeness=complete,
                cut_cells=written.cut_cells,
                events_after_as_of=0,
            )
            span = FeedSpan(request.since, kept.cursor, feed.period)
            content = {**receipt.content(), FEED: structs.asdict(span)}
            publish(work, target, receipt_text(content))
            return content
        finally:
            work.unlink(missing_ok=True)
