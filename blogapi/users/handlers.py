"""People over HTTP."""

from __future__ import annotations

from functools import partial
from typing import Any

from aiohttp import web

from blogapi.access.administrator import Administrator
from blogapi.access.credentials import find_identity, signed_in
from blogapi.access.needs import PUBLIC, SIGNED_IN, role
from blogapi.access.scopes import USERS_ADMIN, USERS_READ
from blogapi.paging.cursors import page_request
from blogapi.users import examples
from blogapi.users.logins import MAX_USERNAME
from blogapi.users.model import ManagedProfile, NewUser, OwnProfile, User
from blogapi.users.schemas import (
    ManagedProfileSchema,
    NewUserSchema,
    OwnProfileSchema,
    ReadUserQuery,
    UserListQuery,
)
from blogapi.users.service import UserService
from blogapi.users.views import ADMIN, ADMIN_FIELDS, OWN, PROFILE, PROFILE_FIELDS, managed_fields, own_fields
from blogapi.web.endpoint import Reply, attempt, endpoint, if_match
from blogapi.web.fields import Identifier, Size, Text
from blogapi.web.query import chosen_fields

routes = web.RouteTableDef()
_ID = {"id": Identifier(metadata={"description": "The id of the user."})}
_NAME = {"name": Text(validate=Size(min=1, max=MAX_USERNAME), metadata={"description": "The username."})}
SERVICE: web.AppKey[UserService] = web.AppKey("users", UserService)


def users(request: web.Request) -> UserService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


async def _myself(request: web.Request) -> User:
    return await users(request).get(signed_in(request).user_id)


async def _somebody(request: web.Request) -> User:
    return await users(request).read(signed_in(request), request.match_info["id"])


async def _look_up(request: web.Request, query: dict[str, Any], **who: str) -> Reply:
    everything = query["view"] == "admin"
    user = await users(request).look_up(partial(find_identity, request), everything=everything, **who)
    if everything or not user.is_public:
        return Reply(result=user, shape=ADMIN)
    return Reply(result=user, public=True)


@routes.get("/v1/me")
@endpoint(needs=SIGNED_IN, scope=USERS_READ, before_second_factor=True, on=_myself, returns=OWN)
async def read_me(request: web.Request, user: User) -> User:
    """Read your own account."""
    return user


@routes.patch("/v1/me")
@endpoint(needs=SIGNED_IN, on=_myself, body=OwnProfileSchema, merge=own_fields, returns=OWN, match=True)
async def edit_me(request: web.Request, user: User, wish: OwnProfile) -> User:
    """Change your own account."""
    return await users(request).edit_own(signed_in(request), user, wish, if_match(request))


async def _myself_freshly(request: web.Request) -> User:
    users(request).erasures.check(signed_in(request))
    return await _myself(request)


@routes.delete("/v1/me")
@endpoint(needs=SIGNED_IN, on=_myself_freshly, returns=OWN, status=204, match=True, also=(409,))
async def erase_me(request: web.Request, user: User) -> User:
    """Erase your own account, in a week.

    You have to have shown who you are within the last ten minutes: sign in, or `POST /v1/auth/reauthenticate`. All of
    your sessions end at once, and your API keys stop working. Until the account is erased (`privacy.grace_days`),
    signing in calls it off. After that nothing tells who you were, but for what your posts say: they stay, without your
    name.
    """
    return await users(request).erasures.ask(signed_in(request), user, if_match(request))


@routes.get("/v1/users")
@endpoint(needs=PUBLIC, scope=USERS_READ, query=UserListQuery, returns=(PROFILE, ADMIN), listed=True, cached=True)
async def list_users(request: web.Request, query: dict[str, Any]) -> Reply:
    """List the users who have published.

    With `view=admin`, administrators list all users.
    """
    everything = query["view"] == "admin"
    shape, known = (ADMIN, ADMIN_FIELDS) if everything else (PROFILE, PROFILE_FIELDS)
    fields, wanted = chosen_fields(query, known), page_request(request, query)
    if everything:
        by = Administrator(await find_identity(request))
        page = await users(request).list_everybody(by, query["filter"], wanted)
    else:
        page = await users(request).list(query["filter"], wanted)
    return Reply(result=page, shape=shape, fields=fields, public=not everything)


@routes.post("/v1/users")
@endpoint(
    needs=role("admin"),
    scope=USERS_ADMIN,
    body=NewUserSchema,
    faults=lambda request, fields: users(request).making.faults(fields),
    returns=ADMIN,
    status=201,
    idempotent=True,
)
async def create_user(request: web.Request, new: NewUser) -> Reply:
    """Create an account for somebody else."""
    user = await users(request).making.create(Administrator(signed_in(request)), new, attempt(request))
    return Reply(result=user, headers={"Location": f"/v1/users/{user.id}"})


@routes.get("/v1/users/{id}")
@endpoint(
    needs=PUBLIC,
    scope=USERS_READ,
    path=_ID,
    query=ReadUserQuery,
    returns=(PROFILE, ADMIN),
    cached=True,
    examples={"id": examples.WRITER},
)
async def read_user(request: web.Request, query: dict[str, Any]) -> Reply:
    """Read the profile of a user."""
    return await _look_up(request, query, user_id=request.match_info["id"])


@routes.get("/v1/users/by-username/{name}")
@endpoint(
    needs=PUBLIC,
    scope=USERS_READ,
    path=_NAME,
    query=ReadUserQuery,
    returns=(PROFILE, ADMIN),
    cached=True,
    examples={"name": examples.WRITER_NAME},
)
async def read_user_by_name(request: web.Request, query: dict[str, Any]) -> Reply:
    """Read the profile of a user by username."""
    return await _look_up(request, query, username=request.match_info["name"])


@routes.patch("/v1/users/{id}")
@endpoint(
    needs=role("admin"),
    scope=USERS_ADMIN,
    path=_ID,
    on=_somebody,
    body=ManagedProfileSchema,
    merge=managed_fields,
    returns=ADMIN,
    match=True,
    examples={"id": examples.WRITER},
)
async def manage_user(request: web.Request, user: User, wish: ManagedProfile) -> User:
    """Change the profile, role or status of a user."""
    return await users(request).manage(Administrator(signed_in(request)), user, wish, if_match(request))


@routes.post("/v1/users/{id}/unlock")
@endpoint(needs=role("admin"), scope=USERS_ADMIN, path=_ID, status=204, also=(404,), examples={"id": examples.WRITER})
async def unlock_user(request: web.Request) -> None:
    """End a lock-out: wrong passwords that were tried for a user so far do not count any more."""
    await users(request).unlock(Administrator(signed_in(request)), request.match_info["id"])


@routes.delete("/v1/users/{id}")
@endpoint(
    needs=role("admin"),
    scope=USERS_ADMIN,
    path=_ID,
    on=_somebody,
    returns=ADMIN,
    status=204,
    also=(409,),
    examples={"id": examples.GUEST},
)
async def erase_user(request: web.Request, user: User) -> User:
    """Erase a user for good.

    All sessions of the user end. The posts stay, without the name.
    """
    return await users(request).erase(Administrator(signed_in(request)), user.id)
