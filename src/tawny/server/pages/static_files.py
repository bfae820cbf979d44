"""Style sheet, scripts and libraries, served by us under names that change with content."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from litestar.datastructures import CacheControlHeader
from litestar.router import Router
from litestar.static_files import create_static_files_router

FOLDER = Path(__file__).parents[1] / "static"

_YEAR_S = 31_536_000


@functools.cache
def static_url(name: str) -> str:
    """Where a static file is served; the query changes when the file does, so that browsers may
    keep it for ever."""
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?{digest}"


def static_router() -> Router:
    """Serves the folder `static`."""
    return create_static_files_router(
        path="/static",
        directories=[FOLDER],
        cache_control=CacheControlHeader(max_age=_YEAR_S, public=True, immutable=True),
        name="static",
        opt={"public": True},
    )
