"""Change feeds over the API: what is other in an export than it was."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct, structs, to_builtins

from tawny.exports.request import ExportRequest
from tawny.feeds.cursor import LONGEST
from tawny.feeds.request import MOST_ROWS, FeedRequest, checked
from tawny.people.callers import Scope
from tawny.queries.catalogue import ExportName
from tawny.runs.parts import allowed_exports
from tawny.server.dependencies import Caller, Services
from tawny.server.problems import responses


class FeedAnswer(Struct):
    """Rows, and from where to go on. `more` says whether there are more already; without, the
    cursor is for what comes later."""

    items: list[dict[str, Any]]
    cursor: str
    more: bool


@get(
    "/feeds/{export_type:str}",
    opt={"scope": Scope.EXPORTS_READ},
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 503),
    summary="What changed in an export",
)
def read_feed(
    services: Services,
    caller: Caller,
    export_type: FromPath[ExportName],
    tz: Annotated[str, QueryParameter(max_length=64, description="IANA time zone")] = "UTC",
    channels: Annotated[
        list[str] | None, QueryParameter(name="channel", description="Only these; may be repeated")
    ] = None,
    period: Annotated[
        Literal["hour", "day", "week", "month"] | None,
        QueryParameter(description="Of types whose rows sum up; default day"),
    ] = None,
    cursor: Annotated[
        str | None,
        QueryParameter(max_length=LONGEST, description="The cursor of the answer before"),
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST_ROWS)] = 1000,
) -> FeedAnswer:
    """Every row has `op` (insert, update, delete), `at` (the version of the log), the row key and
    the cells, those that `tawny columns` names. Keep of each key the row with the largest `at`,
    deletes included: neither order nor repetition matters. Without a cursor all there is."""
    request = checked(FeedRequest(export_type, tz, tuple(channels or ()), period))
    allowed_exports(caller, ExportRequest(export_type=export_type))
    allowed = structs.replace(request, channels=caller.allowed_channels(request.channels))
    found = services.draw(
        "feed",
        {
            "request": to_builtins(allowed),
            "given_channels": caller.channels is not None,
            "cursor": cursor,
            "limit": limit,
        },
    )
    services.audit.record(caller, "feed_read", export_type, channels=list(allowed.channels))
    return FeedAnswer(**found)


HANDLERS = (read_feed,)
