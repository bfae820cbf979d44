"""Sessions, people, tokens and the audit trail over the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.response import Stream
from msgspec import UNSET, Meta, Struct, UnsetType

from tawny.model.zones import moment_ms, requested_zone
from tawny.people.accounts import User
from tawny.people.callers import Role, Scope
from tawny.people.groups import LONGEST_NAME
from tawny.people.mail_address import LONGEST as LONGEST_ADDRESS
from tawny.people.tokens import Token
from tawny.server.api.shapes import ChannelId, instant
from tawny.server.audit_file import trail_as_csv
from tawny.server.auth import (
    ANYBODY,
    browser_of,
    client_address,
    with_session,
    without_session,
)
from tawny.server.dependencies import Caller, Services
from tawny.server.problems import request_id, responses

_ADMIN = {"scope": Scope.ADMIN}
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^\S+$")]
Password = Annotated[str, Meta(min_length=12, max_length=1024)]
GroupNames = Annotated[list[Annotated[str, Meta(max_length=LONGEST_NAME)]], Meta(max_length=1000)]
DisplayName = Annotated[str, Meta(max_length=256)]
Email = Annotated[
    str,
    Meta(max_length=LONGEST_ADDRESS, description="Where mail reaches the person; empty = nowhere"),
]
RoleName = Literal["administrator", "supervisor"]
ScopeName = Literal[
    "events:write", "exports:read", "exports:write", "schedules:write", "metrics:read", "admin"
]
Id = Annotated[int, PathParameter(ge=1, le=2**53)]


class SignInBody(Struct, forbid_unknown_fields=True):
    """Name and password."""

    name: Annotated[str, Meta(max_length=128)]
    password: Annotated[str, Meta(max_length=1024)]


class SetUpBody(Struct, forbid_unknown_fields=True):
    """The first administrator; `link` is the secret at the end of the set-up link."""

    link: Annotated[str, Meta(max_length=128)]
    name: Name
    password: Password
    display_name: DisplayName = ""


class WhoAnswer(Struct):
    """Who is asking. `csrf` goes into the header X-CSRF-Token of requests that change something;
    null for a token, which needs none."""

    name: str
    display_name: str
    role: RoleName
    channels: list[str] | None
    presence: bool
    scopes: list[ScopeName]
    csrf: str | None

    @classmethod
    def of(cls, caller: Caller) -> WhoAnswer:
        """From a caller."""
        return cls(
            name=caller.name,
            display_name=caller.display_name,
            role=caller.role.value,
            channels=None if caller.channels is None else sorted(caller.channels),
            presence=caller.presence,
            scopes=sorted(scope.value for scope in caller.scopes),
            csrf=caller.csrf,
        )


class UserBody(Struct, forbid_unknown_fields=True):
    """A new person."""

    name: Name
    password: Password
    role: RoleName
    channels: Annotated[list[ChannelId], Meta(max_length=1000)] = []
    groups: GroupNames = []
    display_name: DisplayName = ""
    presence: bool = False
    email: Email = ""


class UserChanges(Struct, forbid_unknown_fields=True):
    """What is to change; what is missing stays."""

    display_name: DisplayName | UnsetType = UNSET
    role: RoleName | UnsetType = UNSET
    channels: Annotated[list[ChannelId], Meta(max_length=1000)] | UnsetType = UNSET
    groups: GroupNames | UnsetType = UNSET
    presence: bool | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    password: Password | UnsetType = UNSET


class UserAnswer(Struct):
    """A person. `channels` are those given directly, `groups` the names of groups of channels.
    `presence`: may see who was available when."""

    id: int
    name: str
    display_name: str
    role: RoleName
    channels: list[str]
    groups: list[str]
    presence: bool
    disabled: bool
    email: str
    created_at: str
    sign_in_waits_until: str | None
    """Set after too many wrong passwords: until then sign-in is refused, but in browsers in which
    the person has signed in before."""

    @classmethod
    def of(cls, user: User) -> UserAnswer:
        """From a person."""
        return cls(
            user.id, user.name, user.display_name, user.role.value, list(user.channels),
            list(user.groups), user.presence, user.disabled, user.email,
            instant(user.created_ms) or "",
            None if user.slowed is None else instant(user.slowed.until_ms),
        )  # fmt: skip


class TokenBody(Struct, forbid_unknown_fields=True):
    """A new token. Without `expires_at` it has no end."""

    name: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"\S")]
    scopes: Annotated[list[ScopeName], Meta(min_length=1, max_length=5)]
    expires_at: Annotated[str, Meta(max_length=64)] | None = None


class TokenAnswer(Struct):
    """A token without its secret; `ending` are its last characters."""

    id: int
    owner: str
    name: str
    ending: str
    scopes: list[ScopeName]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    used_at: str | None

    @classmethod
    def of(cls, token: Token) -> TokenAnswer:
        """From a token."""
        return cls(**_token_fields(token))


class NewTokenAnswer(TokenAnswer):
    """A new token; `secret` is shown this once."""

    secret: str


class AuditAnswer(Struct):
    """One line of the trail."""

    id: int
    at: str
    actor: str
    token_id: int | None
    address: str
    request_id: str
    action: str
    subject: str
    detail: dict[str, Any]


class AuditPageAnswer(Struct):
    """A part of the trail, newest first."""

    items: list[AuditAnswer]
    next_cursor: str | None


@post(
    "/session", opt={"public": True}, status_code=201, sync_to_thread=True, tags=["people"],
    responses=responses(400, 401, 403, 413, 415, 429, 503), summary="Sign in", security=ANYBODY,
)  # fmt: skip
def sign_in(
    request: Request[Any, Any, Any], services: Services, data: JSONBody[SignInBody]
) -> Response[WhoAnswer]:
    """Starts a session in a cookie that scripts cannot read."""
    signed_in = services.accounts.sign_in(
        data.name, data.password, client_address(request), request_id(request), browser_of(request)
    )
    return with_session(request, Response(WhoAnswer.of(signed_in.caller)), signed_in)


@get(
    "/session", sync_to_thread=False, tags=["people"], responses=responses(401),
    summary="Who is asking",
)  # fmt: skip
def who(caller: Caller) -> WhoAnswer:
    """The caller, and what the caller may do."""
    return WhoAnswer.of(caller)


@delete(
    "/session", sync_to_thread=True, tags=["people"], responses=responses(401, 403, 503)
    | {204: ResponseSpec(None, description="Signed out", generate_examples=False)},
    summary="Sign out",
)  # fmt: skip
def sign_out(services: Services, caller: Caller) -> Response[None]:
    """Ends the session."""
    services.accounts.sign_out(caller)
    return without_session(Response(None, status_code=204))


@post(
    "/set-up", opt={"public": True}, status_code=201, sync_to_thread=True, tags=["people"],
    responses=responses(400, 403, 404, 409, 413, 415, 503), security=ANYBODY,
    summary="Create the first administrator",
)  # fmt: skip
def set_up(
    request: Request[Any, Any, Any], services: Services, data: JSONBody[SetUpBody]
) -> Response[WhoAnswer]:
    """Once, with the link printed at the first start; signs in too."""
    signed_in = services.links.set_up(
        data.link, data.name, data.password, data.display_name, client_address(request),
        request_id(request),
    )  # fmt: skip
    return with_session(request, Response(WhoAnswer.of(signed_in.caller)), signed_in)


@get(
    "/users", opt=_ADMIN, sync_to_thread=True, tags=["people"], responses=responses(401, 403, 503),
    summary="Everybody",
)  # fmt: skip
def list_users(services: Services, caller: Caller) -> list[UserAnswer]:
    """Everybody, by name."""
    return [UserAnswer.of(user) for user in services.accounts.users(caller)]


@post(
    "/users", opt=_ADMIN, status_code=201, sync_to_thread=True, tags=["people"],
    responses=responses(400, 401, 403, 409, 413, 415, 503), summary="Create a person",
)  # fmt: skip
def create_user(services: Services, caller: Caller, data: JSONBody[UserBody]) -> UserAnswer:
    """A supervisor sees the channels given here, those of the groups, and nothing else."""
    return UserAnswer.of(
        services.accounts.create_user(
            caller, data.name, data.password, Role(data.role), data.channels, groups=data.groups,
            display_name=data.display_name, presence=data.presence, email=data.email,
        )
    )  # fmt: skip


@patch(
    "/users/{user_id:int}", opt=_ADMIN, sync_to_thread=True, tags=["people"],
    responses=responses(400, 401, 403, 404, 409, 413, 415, 503), summary="Change a person",
)  # fmt: skip
def change_user(
    services: Services, caller: Caller, user_id: Id, data: JSONBody[UserChanges]
) -> UserAnswer:
    """A new password or `disabled` ends that person's sessions and tokens for good. A new password
    is asked for at once, how many wrong ones there were before."""
    changes = {
        name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET
    }
    return UserAnswer.of(services.accounts.change_user(caller, user_id, changes))


@delete(
    "/users/{user_id:int}", opt=_ADMIN, sync_to_thread=True, tags=["people"],
    responses=responses(400, 401, 403, 404, 409, 503)
    | {204: ResponseSpec(None, description="Deleted", generate_examples=False)},
    summary="Delete a person",
)  # fmt: skip
def delete_user(services: Services, caller: Caller, user_id: Id) -> None:
    """With sessions and tokens; exports that wait or are at work are cancelled. Finished exports
    and the audit trail stay. Nobody can delete the own account, nor the last administrator."""
    services.delete_user(caller, user_id)


@post(
    "/users/{user_id:int}/unlock", opt=_ADMIN, status_code=200, sync_to_thread=True,
    tags=["people"], responses=responses(400, 401, 403, 404, 503),
    summary="Let a person try to sign in again",
)  # fmt: skip
def unlock_user(services: Services, caller: Caller, user_id: Id) -> UserAnswer:
    """Ends the wait after too many wrong passwords."""
    return UserAnswer.of(services.accounts.let_try_again(caller, user_id))


@get(
    "/tokens", sync_to_thread=True, tags=["people"], responses=responses(401, 403, 503),
    summary="Tokens",
)  # fmt: skip
def list_tokens(services: Services, caller: Caller) -> list[TokenAnswer]:
    """The caller's tokens; an administrator's list has everybody's."""
    return [TokenAnswer.of(token) for token in services.tokens.list(caller)]


@post(
    "/tokens", status_code=201, sync_to_thread=True, tags=["people"],
    responses=responses(400, 401, 403, 413, 415, 503), summary="Create a token",
)  # fmt: skip
def create_token(services: Services, caller: Caller, data: JSONBody[TokenBody]) -> NewTokenAnswer:
    """The secret is in this answer and nowhere else."""
    expires_ms = None
    if data.expires_at is not None:
        expires_ms = moment_ms("expires_at", data.expires_at, requested_zone("UTC"))
    token, secret = services.tokens.create(
        caller, data.name, [Scope(scope) for scope in data.scopes], expires_ms
    )
    return NewTokenAnswer(**_token_fields(token), secret=secret)


@delete(
    "/tokens/{token_id:int}", status_code=200, sync_to_thread=True, tags=["people"],
    responses=responses(400, 401, 403, 404, 503), summary="Revoke a token",
)  # fmt: skip
def revoke_token(services: Services, caller: Caller, token_id: Id) -> TokenAnswer:
    """Ends it at once."""
    return TokenAnswer.of(services.tokens.revoke(caller, token_id))


@get(
    "/audit", opt=_ADMIN, sync_to_thread=True, tags=["people"],
    responses=responses(400, 401, 403, 503), summary="The audit trail",
)  # fmt: skip
def list_audit(
    services: Services,
    caller: Caller,
    cursor: Annotated[int | None, QueryParameter(ge=1, le=2**53)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> AuditPageAnswer:
    """Who did what, newest first."""
    page = services.audit.list(caller, cursor, limit)
    return AuditPageAnswer(
        [
            AuditAnswer(
                entry.id, instant(entry.at_ms) or "", entry.actor, entry.token_id, entry.address,
                entry.request_id, entry.action, entry.subject, dict(entry.detail),
            )
            for entry in page.items
        ],
        page.next_cursor,
    )  # fmt: skip


@get(
    "/audit/file", opt=_ADMIN, sync_to_thread=True, tags=["people"], media_type="text/csv",
    responses=responses(401, 403, 503)
    | {200: ResponseSpec(str, media_type="text/csv", generate_examples=False)},
    summary="The whole audit trail as CSV",
)  # fmt: skip
def audit_file(services: Services, caller: Caller) -> Stream:
    """Every line, newest first; no text in it runs as a formula of a spreadsheet."""
    return trail_as_csv(services, caller)


def _token_fields(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "owner": token.owner,
        "name": token.name,
        "ending": token.ending,
        "scopes": [scope.value for scope in token.scopes],
        "created_at": instant(token.created_ms),
        "expires_at": instant(token.expires_ms),
        "revoked_at": instant(token.revoked_ms),
        "used_at": instant(token.used_ms),
    }


HANDLERS = (
    sign_in, who, sign_out, set_up, list_users, create_user, change_user, delete_user,
    unlock_user, list_tokens,
    create_token, revoke_token, list_audit, audit_file,
)  # fmt: skip
