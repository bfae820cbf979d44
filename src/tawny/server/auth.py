"""Who makes a request, and whether the request may be made at all.

People have a session cookie, programs a Bearer token. `admit` comes before every route: it
finds the caller before anything else is read of the request, so a route is closed unless it says
`opt={"public": True}` (with `"anonymous": True` nobody even looks who asks: it is the same for
everybody); `opt={"person": True}` is closed to tokens, `opt={"scope": Scope...}` asks for a right
on top, or for one of several. An unsafe request with a cookie must carry the session's CSRF token,
in the header `X-CSRF-Token` or the form field `_csrf`.
"""

from __future__ import annotations

import hmac
from typing import Any

from anyio import to_thread
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler

from tawny.errors import NotAllowedError, NotFoundError, NotSignedInError
from tawny.model.zones import current_ms
from tawny.people.accounts import SignedIn
from tawny.people.callers import Caller, Scope
from tawny.server.bodies import AnyConnection, check_encoding
from tawny.server.services import Services
from tawny.state.database import LARGEST_INTEGER
from tawny.text import Text

COOKIE = "tawny_session"
BROWSER_COOKIE = "tawny_browser"
"""By it a browser is known again in which somebody has signed in (see `tawny.people.lockout`)."""
_YEAR_S = 31_536_000
ANYBODY: list[dict[str, list[str]]] = [{}]
"""What the OpenAPI document says of a public route. (An empty list the framework takes for none
given, and the document would ask for a token.)"""
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "_csrf"
_SAFE = frozenset(["GET", "HEAD", "OPTIONS"])
_FORM = "application/x-www-form-urlencoded"


async def admit(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Find the caller and check what the route asks for."""
    _check_numbers(connection)
    if handler.opt.get("anonymous"):
        return
    public = bool(handler.opt.get("public"))
    caller = await to_thread.run_sync(find_caller, connection)
    connection.scope["state"]["caller"] = caller
    if connection.scope.get("method", "GET") not in _SAFE:
        await _check_origin(connection, caller, on_page=bool(handler.opt.get("person")))
    if not public:
        _check_rights(caller, handler)
    check_encoding(connection, handler)


def _check_numbers(connection: AnyConnection) -> None:
    """Nothing has a number that no database can hold; looked for, it would be an error of ours."""
    for number in connection.path_params.values():
        if isinstance(number, int) and not 0 <= number <= LARGEST_INTEGER:
            raise NotFoundError("there is nothing with the number {number}", number=number)


def _check_rights(caller: Caller | None, handler: BaseRouteHandler) -> None:
    if caller is None:
        raise NotSignedInError("sign in, or send a token as Authorization: Bearer ...")
    if handler.opt.get("person") and caller.session_id is None:
        raise NotAllowedError("pages are for people who sign in; programs ask the API, /api/v1")
    scope = handler.opt.get("scope")
    if scope is not None:
        caller.need(*((scope,) if isinstance(scope, Scope) else scope))


def find_caller(connection: AnyConnection) -> Caller | None:
    """Who makes a request; None for nobody. A token that is wrong is nobody's, whatever cookie
    comes with it."""
    services: Services = connection.app.state.services
    address = client_address(connection)
    request_id = str(connection.scope["state"].get("request_id", ""))
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        kind, _, secret = authorization.partition(" ")
        if kind.lower() != "bearer":
            return None
        return services.tokens.caller_of(secret.strip(), address, request_id)
    cookie = connection.cookies.get(COOKIE)
    if cookie is None:
        return None
    return services.accounts.caller_of_session(
        cookie, address, request_id, connection.headers.get("user-agent", "")
    )


def client_address(connection: AnyConnection) -> str:
    """Where a request comes from. Behind a proxy on the same machine, what the proxy says."""
    return connection.client.host if connection.client else ""


async def _check_origin(connection: AnyConnection, caller: Caller | None, *, on_page: bool) -> None:
    if caller is not None and caller.token_id is not None:
        return  # a browser never adds a token by itself
    site = connection.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise NotAllowedError("this request comes from another site; use the pages of Tawny")
    origin = connection.headers.get("origin")
    host = connection.headers.get("host", "").lower()
    # A browser too old to say it the other way names the site.
    if site is None and origin is not None and origin.lower().partition("://")[2] != host:
        raise NotAllowedError("this request comes from another site; use the pages of Tawny")
    if caller is None:
        return
    sent = connection.headers.get(CSRF_HEADER)
    if sent is None and isinstance(connection, Request):
        kind = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == _FORM:
            value = (await connection.form()).get(CSRF_FIELD)
            sent = value if isinstance(value, str) else None
    expected = caller.csrf or ""
    if not sent or not hmac.compare_digest(sent.encode(), expected.encode()):
        if on_page:
            raise NotAllowedError("this page is not of your session any more; reload it")
        raise NotAllowedError(
            "{csrf_header}: found {found}; allowed the csrf that signing in answered",
            csrf_header=CSRF_HEADER,
            found=Text("nothing") if not sent else Text("another one"),
        )


async def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """The caller of a route that is not public."""
    caller = request.scope["state"].get("caller")
    if caller is None:
        raise NotSignedInError("sign in, or send a token as Authorization: Bearer ...")
    assert isinstance(caller, Caller)
    return caller


async def provide_maybe_caller(request: Request[Any, Any, Any]) -> Caller | None:
    """The caller of a public route, if there is one."""
    caller: Caller | None = request.scope["state"].get("caller")
    return caller


def with_session(
    request: Request[Any, Any, Any], response: Response[Any], signed_in: SignedIn
) -> Response[Any]:
    """Have an answer start a session."""
    left_s = max(1, (signed_in.expires_ms - current_ms()) // 1000)
    secrets = [(COOKIE, signed_in.cookie, left_s), (BROWSER_COOKIE, signed_in.browser, _YEAR_S)]
    for key, value, max_age in secrets:
        if value is not None:
            response.set_cookie(
                Cookie(
                    key=key,
                    value=value,
                    httponly=True,
                    secure=request.url.scheme == "https",
                    samesite="lax",
                    path="/",
                    max_age=max_age,
                )
            )
    return response


def browser_of(request: Request[Any, Any, Any]) -> str:
    """The cookie of a known browser, or empty."""
    return request.cookies.get(BROWSER_COOKIE, "")


def without_session(response: Response[Any]) -> Response[Any]:
    """Have an answer end the session."""
    response.delete_cookie(COOKIE, path="/")
    return response
