"""Groups of channels over the API."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from tawny.people.callers import Scope
from tawny.people.groups import LONGEST_NAME, ChannelGroup
from tawny.server.api.shapes import ChannelId
from tawny.server.dependencies import Caller, Services
from tawny.server.problems import responses

_ADMIN = {"scope": Scope.ADMIN}
GroupName = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, pattern=r"\S")]
Channels = Annotated[list[ChannelId], Meta(max_length=1000)]
Id = Annotated[int, PathParameter(ge=1, le=2**53)]


class ChannelGroupBody(Struct, forbid_unknown_fields=True):
    """A new group of channels."""

    name: GroupName
    channels: Channels = []


class ChannelGroupChanges(Struct, forbid_unknown_fields=True):
    """What is to change; what is missing stays."""

    name: GroupName | UnsetType = UNSET
    channels: Channels | UnsetType = UNSET


class ChannelGroupAnswer(Struct):
    """A group of channels. `users`: the names of the people who have it."""

    id: int
    name: str
    channels: list[str]
    users: list[str]

    @classmethod
    def of(cls, group: ChannelGroup) -> ChannelGroupAnswer:
        """From a group."""
        return cls(group.id, group.name, list(group.channels), list(group.people))


@get(
    "/channel-groups", opt=_ADMIN, sync_to_thread=True, tags=["people"],
    responses=responses(401, 403, 503), summary="Groups of channels",
)  # fmt: skip
def list_groups(services: Services, caller: Caller) -> list[ChannelGroupAnswer]:
    """Every group, by name."""
    return [ChannelGroupAnswer.of(group) for group in services.accounts.groups.list(caller)]


@post(
    "/channel-groups", opt=_ADMIN, status_code=201, sync_to_thread=True, tags=["people"],
    responses=responses(400, 401, 403, 409, 413, 415, 503), summary="Make a group of channels",
)  # fmt: skip
def create_group(
    services: Services, caller: Caller, data: JSONBody[ChannelGroupBody]
) -> ChannelGroupAnswer:
    """People get it by its name, in `groups` of a person."""
    return ChannelGroupAnswer.of(services.accounts.groups.create(caller, data.name, data.channels))


@patch(
    "/channel-groups/{group_id:int}", opt=_ADMIN, sync_to_thread=True, tags=["people"],
    responses=responses(400, 401, 403, 404, 409, 413, 415, 503),
    summary="Change a group of channels",
)  # fmt: skip
def change_group(
    services: Services, caller: Caller, group_id: Id, data: JSONBody[ChannelGroupChanges]
) -> ChannelGroupAnswer:
    """Everybody who has the group sees its new channels from then on, and no longer those that are
    taken out of it."""
    changes = {
        name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET
    }
    return ChannelGroupAnswer.of(services.accounts.groups.change(caller, group_id, changes))


@delete(
    "/channel-groups/{group_id:int}", opt=_ADMIN, sync_to_thread=True, tags=["people"],
    responses=responses(400, 401, 403, 404, 503)
    | {204: ResponseSpec(None, description="Deleted", generate_examples=False)},
    summary="Delete a group of channels",
)  # fmt: skip
def delete_group(services: Services, caller: Caller, group_id: Id) -> None:
    """Who has it sees its channels no longer, unless they were given otherwise too."""
    services.accounts.groups.delete(caller, group_id)


HANDLERS = (list_groups, create_group, change_group, delete_group)
