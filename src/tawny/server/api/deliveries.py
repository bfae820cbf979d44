"""Deliveries over the API."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from tawny.people.callers import Scope
from tawny.schedules.store_deliveries import DeliveryFilter
from tawny.server.api.exports import RunId
from tawny.server.api.schedule_shapes import (
    DeliveriesAnswer,
    DeliveryAnswer,
    DeliveryStateName,
    SendBody,
)
from tawny.server.dependencies import Caller, Language, Services
from tawny.server.problems import responses

_WRITE = {"scope": Scope.SCHEDULES_WRITE}
_TAGS = ["deliveries"]
DeliveryId = Annotated[int, PathParameter(ge=1, le=2**53, description="Id of a delivery")]


@get(
    "/deliveries",
    opt=_WRITE,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 503),
    summary="List deliveries",
)
def list_deliveries(
    services: Services,
    caller: Caller,
    language: Language,
    schedule_id: Annotated[int | None, QueryParameter(ge=1, le=2**53)] = None,
    destination: Annotated[str | None, QueryParameter(max_length=255)] = None,
    states: Annotated[
        list[DeliveryStateName] | None, QueryParameter(name="state", max_items=6)
    ] = None,
    cursor: Annotated[int | None, QueryParameter(ge=1, le=2**53)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
) -> DeliveriesAnswer:
    """Those of the caller's schedules, for an administrator all, newest first."""
    wanted = DeliveryFilter(
        schedule_id=schedule_id, destination=destination or "", states=tuple(states or ())
    )
    page = services.schedules.deliveries(caller, wanted, cursor, limit)
    return DeliveriesAnswer(
        [DeliveryAnswer.of(one, language, services.settings) for one in page.items],
        page.next_cursor,
    )


@get(
    "/deliveries/{delivery_id:int}",
    opt=_WRITE,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 503),
    summary="A delivery",
)
def get_delivery(
    services: Services, caller: Caller, language: Language, delivery_id: DeliveryId
) -> DeliveryAnswer:
    """One delivery."""
    found = services.schedules.delivery(caller, delivery_id)
    return DeliveryAnswer.of(found, language, services.settings)


@post(
    "/deliveries/{delivery_id:int}/retry",
    opt=_WRITE,
    status_code=202,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 503),
    summary="Try a delivery now",
)
def retry_delivery(
    services: Services, caller: Caller, language: Language, delivery_id: DeliveryId
) -> DeliveryAnswer:
    """Also one that was given up; for another 24 hours."""
    found = services.schedules.retry(caller, delivery_id)
    return DeliveryAnswer.of(found, language, services.settings)


@post(
    "/exports/{run_id:str}/send",
    opt=_WRITE,
    status_code=202,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 409, 413, 503),
    summary="Send a finished run to a destination, once",
)
def send_export(
    services: Services, caller: Caller, language: Language, run_id: RunId, data: JSONBody[SendBody]
) -> DeliveryAnswer:
    """Its files are brought there, tried again where that fails, and listed as other deliveries
    are. A run is sent to a destination once: asked again, the answer is the same delivery."""
    found = services.schedules.send(caller, run_id, data.destination)
    return DeliveryAnswer.of(found, language, services.settings)


HANDLERS = (list_deliveries, get_delivery, retry_delivery, send_export)
