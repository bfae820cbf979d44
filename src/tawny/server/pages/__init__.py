"""The pages. `ROUTES` is what `tawny.server.app` serves beside the API: handlers, routers, static
files; handlers get the signed-in person as `caller: Caller` and the services as
`services: Services`, by name."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler

from tawny.errors import TawnyError
from tawny.server.pages import (
    account,
    audit,
    errors,
    explore,
    exports,
    live,
    people,
    runs,
    settings,
    sign_in,
    static_files,
)
from tawny.server.pages.submitted import provide_form

ROUTES: Sequence[ControllerRouterHandler] = (
    Router(
        "/",
        route_handlers=[
            *sign_in.ROUTES,
            *exports.ROUTES,
            *runs.ROUTES,
            *live.ROUTES,
            *explore.ROUTES,
            *people.ROUTES,
            *audit.ROUTES,
            *settings.ROUTES,
            *account.ROUTES,
            *static_files.ROUTES,
            *errors.ROUTES,
        ],
        dependencies={"form": Provide(provide_form)},
        opt={"person": True},
        exception_handlers={
            TawnyError: errors.answer_tawny_error,
            HTTPException: errors.answer_http_exception,
            Exception: errors.answer_unforeseen,
        },
        include_in_schema=False,
    ),
)
