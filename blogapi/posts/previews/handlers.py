"""Preview links over HTTP."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from blogapi.access.needs import PUBLIC, SIGNED_IN
from blogapi.access.scopes import POSTS_READ, POSTS_WRITE
from blogapi.paging.cursors import page_request
from blogapi.posts import examples
from blogapi.posts.handlers import POST_ID, posts, with_right
from blogapi.posts.previews.model import NewPreviewLink
from blogapi.posts.previews.schemas import PREVIEW, PREVIEW_LINK, NewPreviewLinkSchema, PreviewLinkListQuery
from blogapi.posts.rights import Editable
from blogapi.web.endpoint import Reply, attempt, endpoint
from blogapi.web.fields import Identifier, Size, Text

routes = web.RouteTableDef()
_LINK = {**POST_ID, "link": Identifier(metadata={"description": "The id of the link."})}
_TOKEN = {"token": Text(validate=Size(min=1, max=200), metadata={"description": "The token of a preview link."})}
_HIDDEN = {"X-Robots-Tag": "noindex, nofollow"}


@routes.get("/v1/posts/{id}/preview-links")
@endpoint(
    needs=SIGNED_IN,
    scope=POSTS_READ,
    path=POST_ID,
    on=with_right(Editable),
    query=PreviewLinkListQuery,
    returns=PREVIEW_LINK,
    listed=True,
    examples={"id": examples.PUBLISHED},
)
async def list_preview_links(request: web.Request, right: Editable, query: dict[str, Any]) -> Reply:
    """List the preview links of a post that have not expired, newest first.

    For authors and editors of the post.
    """
    return Reply(result=await posts(request).previews.list(right, page_request(request, query)))


@routes.post("/v1/posts/{id}/preview-links")
@endpoint(
    needs=SIGNED_IN,
    scope=POSTS_WRITE,
    path=POST_ID,
    on=with_right(Editable),
    body=NewPreviewLinkSchema,
    returns=PREVIEW_LINK,
    status=201,
    idempotent=True,
    also=(409,),
    examples={"id": examples.PUBLISHED},
)
async def create_preview_link(request: web.Request, right: Editable, new: NewPreviewLink) -> Reply:
    """Create a link with which anybody reads a post that is not public.

    For authors and editors of the post.
    """
    shown = await posts(request).previews.create(right, new, attempt(request))
    return Reply(result=shown, headers={"Location": f"/v1/posts/{right.id}/preview-links/{shown.link.id}"})


@routes.delete("/v1/posts/{id}/preview-links")
@endpoint(
    needs=SIGNED_IN,
    scope=POSTS_WRITE,
    path=POST_ID,
    on=with_right(Editable),
    status=204,
    examples={"id": examples.UNPUBLISHED},
)
async def revoke_preview_links(request: web.Request, right: Editable) -> None:
    """Revoke all preview links of a post. They lead nowhere at once."""
    await posts(request).previews.revoke_all(right)


@routes.delete("/v1/posts/{id}/preview-links/{link}")
@endpoint(
    needs=SIGNED_IN,
    scope=POSTS_WRITE,
    path=_LINK,
    on=with_right(Editable),
    status=204,
    examples={"id": examples.PUBLISHED, "link": examples.PREVIEW_LINK},
)
async def revoke_preview_link(request: web.Request, right: Editable) -> None:
    """Revoke a preview link. It leads nowhere at once."""
    await posts(request).previews.revoke(right, request.match_info["link"])


@routes.get("/v1/preview/{token}")
@endpoint(needs=PUBLIC, path=_TOKEN, returns=PREVIEW, examples={"token": f"{examples.PREVIEW_LINK}.xxxx"})
async def read_preview(request: web.Request) -> Reply:
    """Read a post by a preview link, as readers would see it.

    It needs no credential. The answer is for nobody's cache, and search engines are asked not to keep it.
    """
    return Reply(result=await posts(request).previews.read(request.match_info["token"]), headers=_HIDDEN)
