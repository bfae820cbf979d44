"""Who makes a request, and whether the request may be made at all.

People have a session cookie, programs a Bearer token. A guard over the whole application finds the
caller before anything else is read of the request, so a route is closed unless it says
`opt={"public": True}` (with `"anonymous": True` nobody even looks who asks: it is the same for
everybody); `opt={"person": True}` is closed to tokens, `opt={"scope": Scope...}` asks for a right
on top. An unsafe request with a cookie must carry the session's CSRF token, in the header
`X-CSRF-Token` or the form field `_csrf`.
"""

from __future__ import annotations

import hmac
import time
from typing import Any

from anyio import to_thread
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler

from tawny.errors import NotAllowedError, NotSignedInError
from tawny.server.services import Services
from tawny.state.accounts import SignedIn
from tawny.state.callers import Caller, Scope

COOKIE = "tawny_session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "_csrf"
_SAFE = frozenset(["GET", "HEAD", "OPTIONS"])
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

AnyConnection = ASGIConnection[Any, Any, Any, Any]


async def guard(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Find the caller and check what the route asks for."""
    if handler.opt.get("anonymous"):
        return
    public = bool(handler.opt.get("public"))
    caller = await to_thread.run_sync(find_caller, connection)
    connection.scope["state"]["caller"] = caller
    if connection.scope.get("method", "GET") not in _SAFE:
        await _check_origin(connection, caller)
    if public:
        return
    if caller is None:
        raise NotSignedInError("sign in, or send a token as Authorization: Bearer ...")
    if handler.opt.get("person") and caller.session_id is None:
        raise NotAllowedError("pages are for people who sign in; programs ask the API, /api/v1")
    scope = handler.opt.get("scope")
    if scope is not None:
        caller.need(Scope(scope))


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
    return services.accounts.caller_of_session(cookie, address, request_id)


def client_address(connection: AnyConnection) -> str:
    """Where a request comes from. Behind a proxy on the same machine, what the proxy says."""
    return connection.client.host if connection.client else ""


async def _check_origin(connection: AnyConnection, caller: Caller | None) -> None:
    if caller is not None and caller.token_id is not None:
        return  # a browser never adds a token by itself
    site = connection.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise NotAllowedError("request: it comes from another site; use our own pages")
    origin = connection.headers.get("origin")
    host = connection.headers.get("host", "").lower()
    # A browser too old to say it the other way names the site.
    if site is None and origin is not None and origin.lower().partition("://")[2] != host:
        raise NotAllowedError("request: it comes from another site; use our own pages")
    if caller is None:
        return
    sent = connection.headers.get(CSRF_HEADER)
    if sent is None and isinstance(connection, Request):
        kind = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in _FORMS:
            value = (await connection.form()).get(CSRF_FIELD)
            sent = value if isinstance(value, str) else None
    expected = caller.csrf or ""
    if not sent or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise NotAllowedError(
            "request: found no {csrf_header} header of this session; reload the page",
            csrf_header=CSRF_HEADER,
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
    response.set_cookie(
        Cookie(
            key=COOKIE,
            value=signed_in.cookie,
            httponly=True,
            secure=request.url.scheme == "https",
            samesite="lax",
            path="/",
            max_age=max(1, (signed_in.expires_ms - _now_ms()) // 1000),
        )
    )
    return response


def without_session(response: Response[Any]) -> Response[Any]:
    """Have an answer end the session."""
    response.delete_cookie(COOKIE, path="/")
    return response


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
