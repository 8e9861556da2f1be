"""Tags over HTTP."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from blogapi.auth.needs import PUBLIC
from blogapi.cache import document, found_by, list_names
from blogapi.services import services
from blogapi.tags.model import MAX_SLUG, Tag
from blogapi.tags.schemas import TAG, TAG_FIELDS, TagListQuery
from blogapi.web.cached import made_from
from blogapi.web.endpoint import Reply, endpoint
from blogapi.web.fields import Size, Text
from blogapi.web.pagination import page_request
from blogapi.web.query import chosen_fields

routes = web.RouteTableDef()
_SLUG = Text(validate=Size(min=1, max=MAX_SLUG), metadata={"description": "The slug of the tag, or its id."})


@routes.get("/v1/tags")
@endpoint(needs=PUBLIC, query=TagListQuery, returns=TAG, listed=True, cached=True)
async def list_tags(request: web.Request, query: dict[str, Any]) -> Reply:
    """List the tags that published posts carry."""
    page = await services(request).tags.list(page_request(request, query), query["sort"])
    made_from(request, *list_names("tags", [tag.id for tag in page.items], page.ahead, counted=page.total is not None))
    return Reply(result=page, limit=query["limit"], fields=chosen_fields(query, TAG_FIELDS))


@routes.get("/v1/tags/{slug}")
@endpoint(needs=PUBLIC, path={"slug": _SLUG}, returns=TAG, cached=True, examples={"slug": "welcome"})
async def read_tag(request: web.Request) -> Tag:
    """Read one tag by its slug."""
    key = request.match_info["slug"]
    made_from(request, found_by("tags", f"slug={key}"), document("tags", key))
    tag = await services(request).tags.read(key)
    made_from(request, document("tags", tag.id))
    return tag
