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
    changed,
    compared,
    deliveries,
    destinations,
    erasures,
    errors,
    explanation,
    explore,
    exports,
    fetched,
    freshness,
    groups,
    home,
    live,
    people,
    received,
    result,
    runs,
    saved,
    schedule_editing,
    schedules,
    sessions,
    settings,
    sign_in,
    sources,
    start,
    static_files,
    timeline,
    verifications,
    zones,
)
from tawny.server.pages.submitted import provide_form

ROUTES: Sequence[ControllerRouterHandler] = (
    Router(
        "/",
        route_handlers=[
            *sign_in.ROUTES,
            *home.ROUTES,
            *zones.ROUTES,
            *exports.ROUTES,
            *freshness.ROUTES,
            *runs.ROUTES,
            *result.ROUTES,
            *explanation.ROUTES,
            *timeline.ROUTES,
            *changed.ROUTES,
            *compared.ROUTES,
            *saved.ROUTES,
            *schedules.ROUTES,
            *schedule_editing.ROUTES,
            *deliveries.ROUTES,
            *fetched.ROUTES,
            *destinations.ROUTES,
            *sources.ROUTES,
            *live.ROUTES,
            *explore.ROUTES,
            *received.ROUTES,
            *people.ROUTES,
            *groups.ROUTES,
            *erasures.ROUTES,
            *verifications.ROUTES,
            *audit.ROUTES,
            *sessions.ROUTES,
            *settings.ROUTES,
            *account.ROUTES,
            *start.ROUTES,
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
