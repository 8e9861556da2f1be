"""Tags over HTTP."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from blogapi.auth.needs import PUBLIC
from blogapi.cache import document, found_by, list_names
from blogapi.services import services
from blogapi.tags.model import Tag
from blogapi.tags.schemas import TAG, TAG_FIELDS, TagListQuery
from blogapi.web.cached import made_from
from blogapi.web.endpoint import Reply, endpoint
from blogapi.web.pagination import page_request
from blogapi.web.query import chosen_fields

routes = web.RouteTableDef()


@routes.get("/v1/tags")
@endpoint(needs=PUBLIC, query=TagListQuery, returns=TAG, listed=True, cached=True)
async def list_tags(request: web.Request, query: dict[str, Any]) -> Reply:
    """List the tags that published posts carry."""
    page = await services(request).tags.list(page_request(request, query), query["sort"])
    made_from(request, *list_names("tags", [tag.id for tag in page.items], page.ahead, counted=page.total is not None))
    return Reply(result=page, limit=query["limit"], fields=chosen_fields(query, TAG_FIELDS))


@routes.get("/v1/tags/{slug}")
@endpoint(needs=PUBLIC, returns=TAG, cached=True)
async def read_tag(request: web.Request) -> Tag:
    """Read one tag by its slug."""
    key = request.match_info["slug"]
    made_from(request, found_by("tags", f"slug={key}"), document("tags", key))
    tag = await services(request).tags.read(key)
    made_from(request, document("tags", tag.id))
    return tag
