"""A request looked at before it is a run: what it says, who asks, which channels there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from tawny.background.pool import Workers, WorkerStoppedError
from tawny.errors import StorageError
from tawny.exports.file_kind import kind_of
from tawny.exports.request import ExportRequest, request_json, resolve
from tawny.model.zones import current_ms
from tawny.people.callers import Caller, Scope
from tawny.runs.parts import allowed_exports

LogCheck = Callable[[Mapping[str, Any]], object]
"""Does the job `check` with its arguments, wherever."""


def in_worker(readers: Workers) -> LogCheck:
    """The job in a worker process."""

    def check(arguments: Mapping[str, Any]) -> object:
        try:
            return readers.run("check", arguments, timeout_s=120)
        except WorkerStoppedError as error:
            raise StorageError("the request cannot be checked now: {error}", error=error) from error

    return check


def checked_request(check: LogCheck, caller: Caller, request: ExportRequest) -> ExportRequest:
    """The request as the caller may make it. Raises `RequestError` or `NotAllowedError`."""
    caller.need(Scope.EXPORTS_WRITE)
    # A wrong request is called wrong before anything is said of rights.
    now_ms = current_ms()
    resolve(request, now_ms)
    kind_of(request)
    request = allowed_exports(caller, request)
    given = not request.channels and caller.channels is not None
    request = structs.replace(request, channels=caller.allowed_channels(request.channels))
    if request.channels and not given:
        check(
            {
                "request": request_json(request),
                "now_ms": now_ms,
                # Who may not see every channel is not told which others there are.
                "given_channels": caller.channels is not None,
            }
        )
    return request
