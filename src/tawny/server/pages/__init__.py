"""The pages. `ROUTES` is what `tawny.server.app` serves beside the API: handlers, routers, static
files; handlers get the signed-in person as `caller: Caller` and the services as
`services: Services`, by name."""

from __future__ import annotations

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

ROUTES: Sequence[ControllerRouterHandler] = ()
