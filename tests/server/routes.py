"""Every route there is, by the application itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tawny.server.app import create_app
from tawny.settings import Settings

CHANGING = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, order=True)
class Route:
    """A method, the path with names in braces, and the names of what may be asked for."""

    method: str
    path: str
    parameters: tuple[str, ...] = ()


def every_route(home: Path) -> list[Route]:
    """All of them; `home` is a folder nobody else uses."""
    app = create_app(home, Settings({}))
    app.state.services.acknowledger.close()
    app.state.services.database.close()

    def found() -> Iterator[Route]:
        for route in app.routes:
            for handler in getattr(route, "route_handlers", ()):
                parameters = handler.parsed_fn_signature.parameters
                names = sorted(
                    getattr(one.kwarg_definition, "query", None) or name
                    for name, one in parameters.items()
                )
                for method in handler.http_methods:
                    yield Route(str(method), route.path_format, tuple(names))

    return sorted(found())


def changing_routes(home: Path) -> list[Route]:
    """Those that may change something, and may take a body."""
    return [route for route in every_route(home) if route.method in CHANGING]
