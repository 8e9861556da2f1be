"""People over HTTP."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from blogapi.auth.identity import find_identity, signed_in
from blogapi.auth.needs import PUBLIC, SIGNED_IN, role
from blogapi.errors import Forbidden, NotFound, Unauthorized
from blogapi.services import services
from blogapi.users.model import ManagedProfile, NewUser, OwnProfile, User
from blogapi.users.schemas import (
    ADMIN,
    ADMIN_FIELDS,
    OWN,
    PROFILE,
    PROFILE_FIELDS,
    ManagedProfileSchema,
    NewUserSchema,
    OwnProfileSchema,
    ReadUserQuery,
    UserListQuery,
    managed_fields,
    own_fields,
)
from blogapi.web.endpoint import Reply, attempt, endpoint, if_match
from blogapi.web.pagination import page_request
from blogapi.web.query import chosen_fields

routes = web.RouteTableDef()


async def _myself(request: web.Request) -> User:
    return await services(request).users.get(signed_in(request).user_id)


async def _somebody(request: web.Request) -> User:
    return await services(request).users.read(signed_in(request), request.match_info["id"])


async def _require_admin(request: web.Request) -> None:
    viewer = await find_identity(request)
    if viewer is None:
        raise Unauthorized("Sign in first.")
    if not viewer.is_admin:
        raise Forbidden("Only administrators see view=admin.")


@routes.get("/v1/me")
@endpoint(needs=SIGNED_IN, on=_myself, returns=OWN)
async def read_me(request: web.Request, user: User) -> User:
    """Read your own account."""
    return user


@routes.patch("/v1/me")
@endpoint(needs=SIGNED_IN, on=_myself, body=OwnProfileSchema, merge=own_fields, returns=OWN, match=True)
async def edit_me(request: web.Request, user: User, wish: OwnProfile) -> User:
    """Change your own profile."""
    return await services(request).users.edit_own(user, wish, if_match(request))


@routes.get("/v1/users")
@endpoint(needs=PUBLIC, query=UserListQuery, returns=(PROFILE, ADMIN), listed=True)
async def list_users(request: web.Request, query: dict[str, Any]) -> Reply:
    """List people who have published, or everybody for administrators."""
    if query["view"] == "admin":
        await _require_admin(request)
    fields = chosen_fields(query, ADMIN_FIELDS if query["view"] == "admin" else PROFILE_FIELDS)
    page = await services(request).users.list(query["filter"], page_request(request, query))
    if query["view"] == "admin":
        return Reply(result=page, shape=ADMIN, limit=query["limit"], fields=fields, private=True)
    return Reply(result=page, limit=query["limit"], fields=fields)


@routes.post("/v1/users")
@endpoint(needs=role("admin"), body=NewUserSchema, returns=ADMIN, status=201, idempotent=True)
async def create_user(request: web.Request, new: NewUser) -> Reply:
    """Make an account for somebody."""
    user = await services(request).users.create(new, attempt(request))
    return Reply(result=user, headers={"Location": f"/v1/users/{user.id}"})


@routes.get("/v1/users/{id}")
@endpoint(needs=PUBLIC, query=ReadUserQuery, returns=(PROFILE, ADMIN))
async def read_user(request: web.Request, query: dict[str, Any]) -> Reply:
    """Read somebody's profile."""
    people, user_id = services(request).users, request.match_info["id"]
    if query["view"] == "admin":
        await _require_admin(request)
        return Reply(result=await people.get(user_id), shape=ADMIN, private=True)
    try:
        return Reply(result=await people.read(None, user_id))
    except NotFound:
        # What is not public is there for who may see it, as posts are.
        return Reply(result=await people.read(await find_identity(request), user_id), shape=ADMIN, private=True)


@routes.get("/v1/users/by-username/{name}")
@endpoint(needs=PUBLIC, query=ReadUserQuery, returns=(PROFILE, ADMIN))
async def read_user_by_name(request: web.Request, query: dict[str, Any]) -> Reply:
    """Read somebody's profile by username."""
    people, name = services(request).users, request.match_info["name"]
    if query["view"] == "admin":
        await _require_admin(request)
        return Reply(
            result=await people.read_by_username(await find_identity(request), name), shape=ADMIN, private=True
        )
    try:
        return Reply(result=await people.read_by_username(None, name))
    except NotFound:
        viewer = await find_identity(request)
        return Reply(result=await people.read_by_username(viewer, name), shape=ADMIN, private=True)


@routes.patch("/v1/users/{id}")
@endpoint(needs=role("admin"), on=_somebody, body=ManagedProfileSchema, merge=managed_fields, returns=ADMIN, match=True)
async def manage_user(request: web.Request, user: User, wish: ManagedProfile) -> User:
    """Change somebody's profile, role or status."""
    return await services(request).users.manage(user, wish, if_match(request))


@routes.delete("/v1/users/{id}")
@endpoint(needs=role("admin"), on=_somebody, returns=ADMIN, status=204, also=(409,))
async def erase_user(request: web.Request, user: User) -> User:
    """Erase somebody: their sessions end, their posts stay without their name."""
    return await services(request).users.erase(user.id)
