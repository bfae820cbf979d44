"""For machines that watch the server: does it live, is it ready, what does it count."""

from __future__ import annotations

import shutil

from litestar import Response, get

from tawny.errors import StorageError
from tawny.people.callers import Scope
from tawny.server.dependencies import Caller, Metrics, Services
from tawny.server.metrics import MEDIA_TYPE

_LEAST_FREE_BYTES = 64 << 20


@get("/health", opt={"public": True}, sync_to_thread=False, include_in_schema=False)
def health() -> dict[str, str]:
    """200 while the process answers."""
    return {"status": "alive"}


@get("/ready", opt={"public": True}, sync_to_thread=True, include_in_schema=False)
def ready(services: Services) -> dict[str, str]:
    """200 when requests can be served: the state database answers and there is room to write."""
    services.database.check()
    if shutil.disk_usage(services.home).free < _LEAST_FREE_BYTES:
        raise StorageError("the data folder: less than 64 MB are free")
    return {"status": "ready"}


@get("/metrics", opt={"scope": Scope.METRICS_READ}, sync_to_thread=True, include_in_schema=False)
def metrics_page(caller: Caller, metrics: Metrics) -> Response[bytes]:
    """Prometheus text; with a token of the scope metrics:read."""
    del caller
    return Response(metrics.text(), media_type=MEDIA_TYPE)


HANDLERS = (health, ready, metrics_page)
