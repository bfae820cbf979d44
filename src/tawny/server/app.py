"""The application: pages and API over one set of services."""

from __future__ import annotations

import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import to_thread
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import BaseRoute
from litestar.types import ControllerRouterHandler

from tawny import __version__
from tawny.errors import TawnyError
from tawny.model.schema import discriminated_schema, schema_definitions
from tawny.server import pages
from tawny.server.api import (
    catalogue,
    channel_groups,
    deliveries,
    destinations,
    differences,
    docs,
    erasures,
    explanations,
    exports,
    feeds,
    ingest,
    people,
    saved,
    schedules,
    source_webhooks,
    sources,
    system,
    timelines,
    verifications,
)  # fmt: skip
from tawny.server.auth import COOKIE, admit, provide_caller, provide_maybe_caller
from tawny.server.bodies import FORM_BYTES, JSON_BYTES, BoundedRequest
from tawny.server.metrics import Metrics
from tawny.server.pages import rendering, zones
from tawny.server.problems import (
    answer_http_exception,
    answer_tawny_error,
    answer_unforeseen,
    provide_language,
)
from tawny.server.security import Middleware
from tawny.server.services import Services
from tawny.settings import Settings

DESCRIPTION = (
    "Send events, ask for exports, fetch files. Programs send a token as `Authorization: Bearer "
    "...`. Every error is a problem document (RFC 9457). Times are texts with an offset."
)


@dataclass
class _Components(Components):
    """The framework's, and the schema of events, which it does not know."""

    def to_schema(self) -> dict[str, Any]:
        """As the document says it."""
        made = super().to_schema()
        place = "#/components/schemas/"
        events = {"Event": discriminated_schema(place), **schema_definitions(place)}
        made["schemas"] = {**events, **made.get("schemas", {})}
        return made


class _DocumentRouter(Router):
    """Serves the OpenAPI document, and not the page the framework has for every other address
    below it: what is not there is answered as everywhere."""

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        """Take a handler unless it is for any address."""
        if isinstance(value, HTTPRouteHandler) and "/{path:str}" in value.paths:
            return []
        return super().register(value)


def operation_id(handler: HTTPRouteHandler, method: str, _path: object) -> str:
    """What programs that are made from the document call an operation: the name of its function."""
    name = handler.handler_name
    return name.replace("get_", "head_", 1) if method == "HEAD" else name


def create_app(home: Path, settings: Settings) -> Litestar:
    """The application over a data folder. Its background work runs from start to stop."""
    services = Services(home, settings)
    metrics = Metrics(services)

    @asynccontextmanager
    async def background(_app: Litestar) -> AsyncIterator[None]:
        await to_thread.run_sync(services.open)
        for ahead in (rendering.warm, zones.warm):
            threading.Thread(target=ahead, name="warm", daemon=True).start()
        # What is there now stays; looking through it for garbage again and again stops every
        # answer for a tenth of a second.
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            await to_thread.run_sync(services.close)

    async def provide_services() -> Services:
        return services

    async def provide_metrics() -> Metrics:
        return metrics

    events = Router(
        "/",
        route_handlers=[ingest.send_events],
        request_max_body_size=settings.number("request_mb") << 20,
    )
    webhooks = Router(
        "/",
        route_handlers=[*source_webhooks.HANDLERS],
        request_max_body_size=source_webhooks.MOST_BYTES,
    )
    api = Router(
        "/api/v1",
        route_handlers=[
            events, webhooks, *exports.HANDLERS, *saved.HANDLERS, *catalogue.HANDLERS,
            *people.HANDLERS,
            *channel_groups.HANDLERS, *schedules.HANDLERS, *destinations.HANDLERS,
            *deliveries.HANDLERS, *sources.HANDLERS, *feeds.HANDLERS,
            *explanations.HANDLERS, *timelines.HANDLERS, *differences.HANDLERS,
            *erasures.HANDLERS, *verifications.HANDLERS, *docs.HANDLERS,
        ],
        dependencies={"language": Provide(provide_language)},
        request_max_body_size=JSON_BYTES,
    )  # fmt: skip
    app = Litestar(
        route_handlers=[api, *system.HANDLERS, *pages.ROUTES],
        guards=[admit],
        dependencies={
            "services": Provide(provide_services),
            "metrics": Provide(provide_metrics),
            "caller": Provide(provide_caller),
            "maybe_caller": Provide(provide_maybe_caller),
        },
        exception_handlers={
            TawnyError: answer_tawny_error,
            HTTPException: answer_http_exception,
            Exception: answer_unforeseen,
        },
        lifespan=[background],
        state=State({"services": services, "metrics": metrics}),
        request_class=BoundedRequest,
        request_max_body_size=FORM_BYTES,
        openapi_config=OpenAPIConfig(
            title="Tawny",
            version=__version__,
            description=DESCRIPTION,
            openapi_router=_DocumentRouter(
                "/api/v1", route_handlers=[], opt={"public": True}, include_in_schema=False
            ),
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            use_handler_docstrings=True,
            operation_id_creator=operation_id,
            components=_Components(
                security_schemes={
                    "token": SecurityScheme(type="http", scheme="bearer"),
                    "session": SecurityScheme(
                        type="apiKey", name=COOKIE, security_scheme_in="cookie"
                    ),
                }
            ),
            security=[{"token": []}, {"session": []}],
        ),
        logging_config=None,
        pdb_on_exception=False,
    )
    # Around the router too, so that what it refuses gets an id, headers and a line in the log.
    app.asgi_handler = Middleware(app.asgi_handler, metrics)
    return app
