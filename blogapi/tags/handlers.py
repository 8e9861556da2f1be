"""Tags over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aiohttp import hdrs, web

from blogapi.access.credentials import find_identity, signed_in
from blogapi.access.needs import PUBLIC, role
from blogapi.access.scopes import POSTS_PUBLISH, POSTS_READ
from blogapi.errors import NotFound
from blogapi.jobs.schemas import JOB, in_the_background
from blogapi.paging.cursors import page_request
from blogapi.tags import examples
from blogapi.tags.model import MAX_SLUG, Tag, TagEdit
from blogapi.tags.rights import TagEditable
from blogapi.tags.schemas import (
    HIDDEN_TAG,
    TAG,
    TAG_FIELDS,
    MergeSchema,
    TagEditSchema,
    TagListQuery,
    editable,
)
from blogapi.tags.service import TagService
from blogapi.tags.tidying import Tidied
from blogapi.web.endpoint import SETTINGS, Reply, endpoint, if_match
from blogapi.web.fields import Size, Text
from blogapi.web.query import chosen_fields

routes = web.RouteTableDef()
_SLUG = {
    "slug": Text(
        validate=Size(min=1, max=MAX_SLUG), metadata={"description": "The slug of the tag, a former one, or its id."}
    )
}
SERVICE: web.AppKey[TagService] = web.AppKey("tags", TagService)


def tags(request: web.Request) -> TagService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


async def _to_edit(request: web.Request) -> TagEditable:
    return await tags(request).get(signed_in(request), request.match_info["slug"])


async def _to_merge(request: web.Request) -> TagEditable:
    return await tags(request).get_itself(signed_in(request), request.match_info["slug"])


def _told(tidied: Tidied) -> Reply:
    """The tag, or, while its posts follow, how far that is."""
    return Reply(result=tidied.tag) if tidied.task is None else in_the_background(tidied.task)


@routes.get("/v1/tags")
@endpoint(needs=PUBLIC, query=TagListQuery, returns=TAG, listed=True, cached=True)
async def list_tags(request: web.Request, query: dict[str, Any]) -> Reply:
    """List the tags of public posts."""
    page = await tags(request).list(page_request(request, query), query["sort"])
    return Reply(result=page, public=True, fields=chosen_fields(query, TAG_FIELDS))


@routes.get("/v1/tags/{slug}")
@endpoint(
    needs=PUBLIC,
    scope=POSTS_READ,
    path=_SLUG,
    returns=(TAG, HIDDEN_TAG),
    cached=True,
    also=(301,),
    examples={"slug": examples.READ},
)
async def read_tag(request: web.Request) -> Reply | web.Response:
    """Read a tag by its slug.

    A former slug, and that of a tag that was merged into another one, answers 301 with the current address. Editors
    find also tags that no public post carries.
    """
    key = request.match_info["slug"]
    try:
        return _shown(
            request, key, await tags(request).read(key, None), request.config_dict[SETTINGS].public_cache_control
        )
    except NotFound:
        if (who := await find_identity(request)) is None:
            raise
        return _shown(request, key, await tags(request).read(key, who), "private, no-store")


def _shown(request: web.Request, key: str, tag: Tag, cache_control: str) -> Reply | web.Response:
    if key in (tag.slug, tag.id):
        is_public = cache_control.startswith("public")
        return Reply(result=tag, public=is_public, shape=TAG if is_public else HIDDEN_TAG)
    query = request.rel_url.raw_query_string
    location = f"/v1/tags/{quote(tag.slug)}" + (f"?{query}" if query else "")
    return web.Response(status=301, headers={hdrs.LOCATION: location, hdrs.CACHE_CONTROL: cache_control})


@routes.patch("/v1/tags/{slug}")
@endpoint(
    needs=role("editor"),
    scope=POSTS_PUBLISH,
    path=_SLUG,
    on=_to_edit,
    body=TagEditSchema,
    merge=lambda right: editable(right.tag),
    returns=TAG,
    later=JOB,
    match=True,
    examples={"slug": examples.EDITED},
)
async def edit_tag(request: web.Request, right: TagEditable, edit: TagEdit) -> Reply:
    """Change the name, the description or the slug of a tag.

    With another slug, all posts get it, and the former one leads there. Where that takes longer than two seconds, the
    answer is 202: the former slug leads there already, and the posts follow.
    """
    return _told(await tags(request).tidying.edit(right, edit, if_match(request)))


@routes.delete("/v1/tags/{slug}")
@endpoint(
    needs=role("editor"),
    scope=POSTS_PUBLISH,
    path=_SLUG,
    on=_to_edit,
    returns=TAG,
    status=204,
    later=JOB,
    match=True,
    examples={"slug": examples.DELETED},
)
async def delete_tag(request: web.Request, right: TagEditable) -> Reply:
    """Delete a tag.

    All posts lose it, and keep their other tags. Where that takes longer than two seconds, the answer is 202: readers
    do not see the tag any more, and the posts follow. Then its slug is free, and a post that carries it makes it anew.
    """
    return _told(await tags(request).tidying.delete(right, if_match(request)))


@routes.post("/v1/tags/{slug}/merge")
@endpoint(
    needs=role("editor"),
    scope=POSTS_PUBLISH,
    path=_SLUG,
    on=_to_merge,
    body=MergeSchema,
    returns=TAG,
    later=JOB,
    match=True,
    idempotent=True,
    examples={"slug": examples.MERGED},
)
async def merge_tag(request: web.Request, right: TagEditable, into: str) -> Reply:
    """Merge a tag into another one.

    All posts that carry it carry the other one then, and its slug leads there. The answer is the other tag, or 202
    where it takes longer than two seconds.
    """
    return _told(await tags(request).tidying.merge(right, into, if_match(request)))
