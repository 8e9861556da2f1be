"""Tags over HTTP."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from blogapi.access.needs import PUBLIC
from blogapi.paging.cursors import page_request
from blogapi.tags.model import MAX_SLUG
from blogapi.tags.schemas import TAG, TAG_FIELDS, TagListQuery
from blogapi.tags.service import TagService
from blogapi.web.endpoint import Reply, endpoint
from blogapi.web.fields import Size, Text
from blogapi.web.query import chosen_fields

routes = web.RouteTableDef()
_SLUG = Text(validate=Size(min=1, max=MAX_SLUG), metadata={"description": "The slug of the tag, or its id."})
SERVICE: web.AppKey[TagService] = web.AppKey("tags", TagService)


def tags(request: web.Request) -> TagService:
    """The service of this feature."""
    return request.config_dict[SERVICE]


@routes.get("/v1/tags")
@endpoint(needs=PUBLIC, query=TagListQuery, returns=TAG, listed=True, cached=True)
async def list_tags(request: web.Request, query: dict[str, Any]) -> Reply:
    """List the tags of public posts."""
    page = await tags(request).list(page_request(request, query), query["sort"])
    return Reply(result=page, public=True, fields=chosen_fields(query, TAG_FIELDS))


@routes.get("/v1/tags/{slug}")
@endpoint(needs=PUBLIC, path={"slug": _SLUG}, returns=TAG, cached=True, examples={"slug": "welcome"})
async def read_tag(request: web.Request) -> Reply:
    """Read a tag by its slug."""
    return Reply(result=await tags(request).read(request.match_info["slug"]), public=True)
