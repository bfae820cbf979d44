"""What changed in an export since the file before, as a file: the rows of a feed between two states
of the log, in the format of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, convert, structs

from tawny.disk import flush, translated_os_errors
from tawny.engine.base import Embedded
from tawny.engine.change_rows import keep_known, other_rows
from tawny.engine.engines import open_of_folder
from tawny.errors import RequestError
from tawny.exports.change_columns import change_columns
from tawny.exports.channels_seen import ChannelsSeen
from tawny.exports.formats.registry import file_format
from tawny.exports.formats.source import RowSource, file_metadata
from tawny.exports.receipt import FEED, Receipt, erasures_version, receipt_text
from tawny.exports.request import ExportRequest, request_of_json, resolve
from tawny.exports.session import ExportSession, publish
from tawny.exports.slicing import Delivered
from tawny.feeds.erased_changes import (
    ChangeFile,
    erased_rows,
    may_hold_erased,
    row_key,
)
from tawny.feeds.feed import FeedReader, KeptChanges
from tawny.feeds.request import PERIODS, FeedRequest
from tawny.feeds.revisions import revised
from tawny.log.files import Snapshot
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
    erasures_version: int | None = None
    """Who was erased up to this version of the log is not in it; an earlier Tawny did not say:
    then up to that of its rows."""


def change_file_of(receipt: Mapping[str, Any]) -> ChangeFile:
    """What the file of a receipt is about."""
    export_type = receipt["request"]["export"]
    return _change_file(export_type, receipt[FEED], erasures_version(receipt))


def _change_file(export_type: str, feed: Mapping[str, Any], erasures: int) -> ChangeFile:
    span = convert(feed, FeedSpan)
    return ChangeFile(export_type, span.since, span.cursor, erasures)


def feed_request(request: ExportRequest, frequency: str) -> FeedRequest:
    """The feed of a schedule: where rows sum up, its periods are as long as its ranges."""
    period = None
    if query(request.export_type).sums_up:
        period = next(name for name, known in PERIODS.items() if known == frequency)
    return FeedRequest(request.export_type, request.time_zone, tuple(request.channels), period)


def files_with_erased(
    home: Path, settings: Settings, snapshot: Snapshot, files: Sequence[Mapping[str, Any]]
) -> list[int]:
    """Which files of changes among some, as the job `made_files` is told them, hold somebody who
    was erased since, by their place."""
    requests = {
        place: request_of_json(one["request"]) for place, one in enumerate(files) if one["feed"]
    }
    asked = {
        place: _change_file(
            request.export_type, files[place]["feed"], files[place]["erasures_version"]
        )
        for place, request in requests.items()
    }
    if not asked:
        return []
    with open_of_folder(home, settings) as duck:
        found = [place for place, file in asked.items() if may_hold_erased(duck, snapshot, file)]
    return [
        place for place in found if _holds_erased(home, settings, requests[place], asked[place])
    ]


def _holds_erased(home: Path, settings: Settings, request: ExportRequest, file: ChangeFile) -> bool:
    """Whether anything in a file of changes is other, made again without who was erased since; so
    too where it cannot be made again any more, which whoever tries is told."""
    assert request.changes is not None
    feed = feed_request(request, request.changes)
    with FeedReader(home, settings, feed, given_channels=True, kind=request.kind,
                    content=request.content) as reader:  # fmt: skip
        try:
            kept = _keep_again(reader, file)
        except RequestError:
            return True
        return bool(other_rows(kept.duck, row_key(feed)))


def _keep_again(reader: FeedReader, file: ChangeFile) -> KeptChanges:
    """The rows of a file that is there; those with who was erased since are put aside before."""
    kept = reader.keep(file.since, file.cursor, erasures_until=file.erasures_version)
    keep_known(kept.duck)
    return reader.keep(file.since, file.cursor)


def write_change_file(
    home: Path,
    settings: Settings,
    request: ExportRequest,
    target: Path,
    now_ms: int,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write what changed since `request.since` up to the newest state of the log; returns the
    receipt. The file appears under its name when it is whole, its receipt beside it.

    With `before`, the receipt of a file of changes, the file leads from where to where that one
    does, without who was erased since."""
    assert request.changes is not None
    feed = feed_request(request, request.changes)
    work = working_file(target)
    reader = FeedReader(home, settings, feed, given_channels=True, kind=request.kind,
                        content=request.content)  # fmt: skip
    with reader, translated_os_errors(str(target.parent)):
        try:
            earlier = None if before is None else change_file_of(before)
            kept = reader.keep(request.since) if earlier is None else _keep_again(reader, earlier)
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
            since = request.since if earlier is None else earlier.since
            span = FeedSpan(since, kept.cursor, feed.period, reader.erasures_version)
            content = {**receipt.content(), FEED: structs.asdict(span)}
            if before is not None and earlier is not None:
                known = earlier.erasures_version
                changes = erased_rows(kept.duck, reader.snapshot, feed, known)
                content = revised(content, before, {request.export_type: changes})
            publish(work, target, receipt_text(content))
            return content
        finally:
            work.unlink(missing_ok=True)
