"""Reading and writing posts over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import quote

from aiohttp import web

from blogapi.access.credentials import find_identity, signed_in
from blogapi.access.identity import Identity
from blogapi.access.needs import PUBLIC as ANYBODY
from blogapi.access.needs import SIGNED_IN, role
from blogapi.access.scopes import POSTS_READ, POSTS_WRITE
from blogapi.errors import Forbidden, NotFound, Unauthorized
from blogapi.paging.cursors import page_request
from blogapi.posts import examples
from blogapi.posts.copies import HEAVY_FIELDS
from blogapi.posts.custom.query import custom_filter
from blogapi.posts.model import Draft, Post, PublicFilter, WorkingFilter
from blogapi.posts.public_view import PUBLIC_FIELDS
from blogapi.posts.rights import Editable, EditableOrNamed, LivePost, Purgeable, editable_or_named
from blogapi.posts.schemas import AddressQuery, NewPostSchema, PostEditSchema, PostListQuery, ReadPostQuery
from blogapi.posts.service import PostService
from blogapi.posts.states.transitions import TRASH
from blogapi.posts.views import LIVE, PUBLIC, WORKING, WORKING_FIELDS, editable
from blogapi.text.address import lookup_order
from blogapi.translation.sentence import say
from blogapi.web.body import MAX_BYTES
from blogapi.web.endpoint import SETTINGS, Reply, attempt, endpoint, if_match
from blogapi.web.fields import Identifier, QueryFlag, Size, Strict, Text
from blogapi.web.query import chosen_fields, invalid_parameter

routes = web.RouteTableDef()
SERVICE: web.AppKey[PostService] = web.AppKey("posts", PostService)
Query = dict[str, Any]
Found = TypeVar("Found")
_RANGES = ("published_from", "published_before")
POST_ID = {"id": Identifier(metadata={"description": "The id of the post."})}
_SLUG = {"slug": Text(validate=Size(min=1), metadata={"description": "The slug of the post, or a former one."})}
_LIGHT_WORKING = tuple(name for name in WORKING_FIELDS if name not in HEAVY_FIELDS)


class PurgeQuery(Strict):
    """`purge=true` removes for good."""

    purge = QueryFlag(
        load_default=False, metadata={"description": "`true` deletes the post for good. For administrators only."}
    )


def posts(request: web.Request) -> PostService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


# What a request is about


def with_right(right: Callable[[Post, Identity], Found]) -> Callable[[web.Request], Awaitable[Found]]:
    """Finds the post of a request with a right of who asks: `on=with_right(Editable)`."""

    async def find(request: web.Request) -> Found:
        return await posts(request).reading.get(right, signed_in(request), request.match_info["id"])

    return find


# Reading


@routes.get("/v1/posts")
@endpoint(needs=ANYBODY, scope=POSTS_READ, query=PostListQuery, returns=(PUBLIC, WORKING), listed=True, cached=True)
async def list_posts(request: web.Request, query: Query) -> Reply:
    """List public posts, or the posts that you may edit.

    With any `status` but `published`, the list holds the posts that you may edit, and needs a credential.
    """
    if query["status"] in ((), ("published",)):
        return await _list_public(request, query)
    return await _list_working(request, query)


@routes.get("/v1/me/posts")
@endpoint(needs=SIGNED_IN, scope=POSTS_READ, query=PostListQuery, returns=WORKING, listed=True)
async def list_my_posts(request: web.Request, query: Query) -> Reply:
    """List the posts that name you as an author."""
    return await _list_working(request, query, editable_by=signed_in(request).user_id)


async def _list_public(request: web.Request, query: Query) -> Reply:
    for name, parameter in (("updated_from", "updated_at[gte]"), ("updated_before", "updated_at[lt]")):
        if query[name] is not None:
            says = say("This filter works only with a `status` other than `published`.")
            raise invalid_parameter(parameter, "not_here", says)
    sort = query["sort"] or "-published_at"
    if sort.lstrip("-") != "published_at":
        says = say("Public posts are sorted by published_at or -published_at.")
        raise invalid_parameter("sort", "invalid_choice", says)
    fields = chosen_fields(query, PUBLIC_FIELDS)
    wanted = PublicFilter(newest_first=sort.startswith("-"), **await _selection(request, query))
    found = await posts(request).reading.list_public(wanted, query["author"], page_request(request, query), fields)
    return Reply(result=found, public=True)


async def _list_working(request: web.Request, query: Query, editable_by: str | None = None) -> Reply:
    sort = query["sort"] or "-updated_at"
    if sort.lstrip("-") != "updated_at":
        raise invalid_parameter("sort", "invalid_choice", say("This list is sorted by updated_at or -updated_at."))
    fields = chosen_fields(query, WORKING_FIELDS)
    wanted = WorkingFilter(
        newest_first=sort.startswith("-"),
        statuses=query["status"],
        updated_from=query["updated_from"],
        updated_before=query["updated_before"],
        editable_by=editable_by,
        **await _selection(request, query),
    )
    page, heavy = page_request(request, query), not HEAVY_FIELDS.isdisjoint(fields or ())
    who = await find_identity(request)
    if who is None:
        raise Unauthorized(say("Sign in to list posts that are not public."))
    found = await posts(request).reading.list_working(who, wanted, query["author"], page, heavy=heavy)
    return Reply(result=found, shape=WORKING, fields=fields or _LIGHT_WORKING)


async def _selection(request: web.Request, query: Query) -> dict[str, Any]:
    given = {"kinds": query["kind"], "tags": query["tag"], "langs": query["lang"], "featured": query["featured"]}
    if query["custom"]:  # else the answer does not depend on the settings
        given["custom"] = custom_filter(await posts(request).custom.settings(), query["custom"])
    return {**given, **{name: query[name] for name in _RANGES}}


@routes.get("/v1/posts/by-url")
@endpoint(
    needs=ANYBODY,
    scope=POSTS_READ,
    query=AddressQuery,
    status=301,
    cached=True,
    also=(404, 410, 414),
    examples={"url": examples.FORMER_ADDRESS},
)
async def find_post_by_url(request: web.Request, query: Query) -> web.Response:
    """Redirect from a former address of an imported post.

    Imports record the addresses that posts had on the old blog. The answer leads to the post by its slug.
    """
    post_id = await posts(request).reading.at_address(lookup_order(query["url"]))
    if post_id is None:
        raise NotFound(say("No post had this address."))
    try:
        slug = await posts(request).reading.slug_for(None, post_id)
    except NotFound:
        if (who := await find_identity(request)) is None:
            raise
        return _redirect(await posts(request).reading.slug_for(who, post_id), "private, no-store")
    return _redirect(slug, request.config_dict[SETTINGS].public_cache_control)


@routes.get("/v1/posts/{id}")
@endpoint(
    needs=ANYBODY,
    scope=POSTS_READ,
    path=POST_ID,
    query=ReadPostQuery,
    returns=(PUBLIC, WORKING),
    cached=True,
    examples={"id": examples.READ},
)
async def read_post(request: web.Request, query: Query) -> Reply:
    """Read a post.

    The answer is the live copy. If you may edit the post, `view=working` answers with the working copy; so does a post
    that is not public.
    """
    post_id, fields = request.match_info["id"], _fields(query)
    if query["view"] is None:
        public = await posts(request).reading.find_public(post_id=post_id)
        if public is not None:
            return Reply(result=public, public=True, fields=fields)
    return await _read_as(request, query, post_id=post_id)


@routes.get("/v1/posts/by-slug/{slug}")
@endpoint(
    needs=ANYBODY,
    scope=POSTS_READ,
    path=_SLUG,
    query=ReadPostQuery,
    returns=(PUBLIC, WORKING),
    cached=True,
    also=(301,),
    examples={"slug": examples.READ_SLUG},
)
async def read_post_by_slug(request: web.Request, query: Query) -> Reply | web.Response:
    """Read a post by its slug.

    A former slug answers 301 with the current address.
    """
    slug, fields = request.match_info["slug"], _fields(query)
    if query["view"] is None:
        present = await posts(request).reading.find_public(slug=slug)
        if present is not None:
            return Reply(result=present, public=True, fields=fields)
        if moved_to := await posts(request).reading.moved_to(slug, None):
            caching = request.config_dict[SETTINGS].public_cache_control
            return _redirect(moved_to, caching, request.rel_url.raw_query_string)
        who = await find_identity(request)
        if who is not None and (moved_to := await posts(request).reading.moved_to(slug, who)):
            return _redirect(moved_to, "private, no-store", request.rel_url.raw_query_string)
    return await _read_as(request, query, slug=slug)


def _redirect(slug: str, cache_control: str, query: str = "") -> web.Response:
    location = f"/v1/posts/by-slug/{quote(slug)}" + (f"?{query}" if query else "")
    return web.Response(status=301, headers={"Location": location, "Cache-Control": cache_control})


def _fields(query: Query) -> tuple[str, ...] | None:
    return chosen_fields(query, PUBLIC_FIELDS if query["view"] is None else WORKING_FIELDS)


async def _read_as(request: web.Request, query: Query, **key: str) -> Reply:
    """What is not public: the working view for who may edit it, the live one for its audience."""
    who, wants_working = await find_identity(request), query["view"] is not None
    if who is None and wants_working:
        raise Unauthorized(say("Sign in to read the working copy."))
    found = await posts(request).reading.read(who, **key)
    if isinstance(found, Editable):
        if wants_working or not found.post.has_readers:
            return Reply(result=found.post, shape=WORKING, fields=_fields(query))
        found = LivePost.of(found.post)
    if wants_working:
        raise Forbidden(say("Only authors and editors of this post can read the working copy."))
    return Reply(result=found, shape=LIVE, fields=_fields(query))


# Writing


@routes.post("/v1/posts")
@endpoint(
    needs=role("contributor"),
    scope=POSTS_WRITE,
    body=NewPostSchema,
    max_bytes=MAX_BYTES,
    returns=WORKING,
    status=201,
    idempotent=True,
)
async def create_post(request: web.Request, draft: Draft) -> Reply:
    """Create a post, as a draft or published."""
    post = await posts(request).writing.create(signed_in(request), draft, attempt(request))
    return Reply(result=post, headers={"Location": f"/v1/posts/{post.id}"})


@routes.patch("/v1/posts/{id}")
@endpoint(
    needs=SIGNED_IN,
    scope=POSTS_WRITE,
    path=POST_ID,
    on=with_right(editable_or_named),
    body=PostEditSchema,
    max_bytes=MAX_BYTES,
    merge=lambda right: editable(right.post),
    returns=(WORKING, PUBLIC),
    match=True,
    examples={"id": examples.EDITED},
)
async def edit_post(request: web.Request, right: EditableOrNamed, draft: Draft) -> Reply:
    """Change the working copy of a post.

    For authors and editors of the post. Readers see the changes when the post is published. One change shows at once:
    whoever is named in `authors` can take their own name off, whatever their role.
    """
    changed = await posts(request).writing.edit(right, draft, if_match(request))
    if isinstance(right, Editable):
        return Reply(result=changed)
    return Reply(result=LivePost.of(changed), shape=LIVE)


@routes.delete("/v1/posts/{id}")
@endpoint(
    needs=role("contributor"),
    scope=POSTS_WRITE,
    path=POST_ID,
    on=with_right(Editable),
    query=PurgeQuery,
    returns=WORKING,
    status=204,
    match=True,
    examples={"id": examples.DELETED},
)
async def delete_post(request: web.Request, right: Editable, query: Query) -> Post | None:
    """Move a post to the trash.

    It can be restored within 30 days. With `purge=true`, an administrator deletes it for good.
    """
    if not query["purge"]:
        return await posts(request).states.apply(TRASH, right, if_match(request))
    await posts(request).states.purge(Purgeable(right.post, right.who), if_match(request))
    return None
