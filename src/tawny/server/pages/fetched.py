"""The file of a signed link in a mail, for whoever has the link."""

from __future__ import annotations

from typing import Any

from litestar import Response, route
from litestar.params import FromPath

from tawny.errors import NotFoundError
from tawny.schedules.linked_files import FETCH
from tawny.server.auth import client_address
from tawny.server.dependencies import Services
from tawny.server.files import UnsatisfiableError, file_answer
from tawny.server.pages.rendering import AnyRequest, reader_of, render
from tawny.server.pages.sign_in import in_language
from tawny.server.problems import request_id
from tawny.text import N_

_OPEN = {"public": True, "anonymous": True}
"""Whose link it is, its signature says; nobody looks who else asks."""


@route(
    f"{FETCH}/{{link:str}}", http_method=["GET", "HEAD"], opt=_OPEN, status_code=200,
    sync_to_thread=True,
)  # fmt: skip
def fetch(request: AnyRequest, services: Services, link: FromPath[str]) -> Response[Any]:
    """The whole file, or with `Range` a part of it; written down with the reader it was for. A link
    that does not work is answered by a page that does not say why."""
    try:
        found = services.links_of_mails.file(link)
        run = found.run
        answer: Response[Any] = file_answer(
            found.path, run.file_name or found.path.name,
            run.media_type or "application/octet-stream", f'"{run.sha256}"', request.headers,
            request.method,
        )  # fmt: skip
    except NotFoundError as error:
        return in_language(request) or render(
            request, None, "error.html", status=404, heading=N_("This link does not work"),
            detail=reader_of(request, None).say(error.text), code=404,
            request_id=request_id(request),
        )  # fmt: skip
    except UnsatisfiableError:
        return Response(
            None, status_code=416, headers={"Content-Range": f"bytes */{run.size_bytes}"}
        )
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    if request.method == "GET" and answer.status_code != 304:
        with services.database.write() as connection:
            services.audit.add_unknown(
                connection, "", client_address(request), request_id(request), "link_used", run.id,
                destination=found.destination, reader=found.reader, file=run.file_name,
                range=request.headers.get("range"),
            )  # fmt: skip
    return answer


ROUTES = [fetch]
