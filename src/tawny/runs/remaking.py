"""The file of a run made again from its receipt, as a run of its own: the same bytes or none."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from tawny.errors import ConflictError, RequestError
from tawny.exports.periods import following
from tawny.exports.receipt import replay_of_receipt, request_of_receipt
from tawny.exports.request import ExportRequest
from tawny.runs.naming import file_name
from tawny.runs.store import RunStore, request_of_run
from tawny.settings import Settings
from tawny.state.run_rows import ExportRun


def request_to_remake(run: ExportRun, settings: Settings) -> ExportRequest:
    """The request that makes the file of a run again: on the events that the log held then, those
    of people erased since left out.

    Raises `ConflictError` for a run that made no file, or whose file shows contents that may no
    longer be exported.
    """
    if run.receipt is None:
        raise ConflictError(
            "This export made no file that could be made again. Run it on today's data."
        )
    request = request_of_receipt(run.receipt)
    if request.changes is not None:
        raise ConflictError("A file of changes cannot be made again. The next one goes on from it.")
    allowed = settings.content_media(request.kind)
    shown = replay_of_receipt(run.receipt).content_media
    if allowed is not None and (shown is None or not set(shown) <= set(allowed)):
        raise ConflictError(
            "The file showed contents of messages that may no longer be exported. Run it on "
            "today's data."
        )
    return structs.replace(request, remakes=run.id)


def what_to_keep_to(store: RunStore, run: ExportRun) -> tuple[dict[str, Any], str]:
    """What a worker must know beside the request of a run, and what the file is called."""
    request = request_of_run(run)
    remakes = request.remakes
    if remakes is None:
        before = None if request.corrects is None else store.find(request.corrects)
        corrected = None if before is None else before.receipt
        return {"corrects": corrected} if corrected else {}, file_name(run)
    before = store.find(remakes)
    if before is None or before.receipt is None:
        raise ConflictError("The export whose file was to be made again is gone.")
    return {"receipt": before.receipt}, before.file_name or file_name(run)


def request_of_next_period(run: ExportRun) -> ExportRequest:
    """The request for the same of the period that follows. Raises `RequestError` for a run that
    has no range."""
    if run.start is None or run.end is None:
        raise RequestError("this export takes no range; run it again on today's data")
    start, end = following(run.start, run.end)
    return structs.replace(
        request_of_run(run),
        start=start,
        end=end,
        as_of=None,
        kind="on-demand",
        remakes=None,
        corrects=None,
    )
