"""Translations over HTTP."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from blogapi.access.needs import SIGNED_IN, role
from blogapi.access.scopes import POSTS_READ, POSTS_WRITE
from blogapi.posts import examples
from blogapi.posts.handlers import POST_ID, posts, with_right
from blogapi.posts.rights import Editable
from blogapi.posts.translations.model import ShownGroup
from blogapi.posts.translations.schemas import TRANSLATIONS, TranslationsSchema
from blogapi.web.endpoint import endpoint, if_match

routes = web.RouteTableDef()


@routes.get("/v1/posts/{id}/translations")
@endpoint(
    needs=SIGNED_IN,
    scope=POSTS_READ,
    path=POST_ID,
    on=with_right(Editable),
    returns=TRANSLATIONS,
    examples={"id": examples.TRANSLATION},
)
async def read_translations(request: web.Request, right: Editable) -> ShownGroup:
    """List the posts that are one work in several languages, this one among them.

    For authors and editors of the post. Readers find them in `translations` of each of these posts.
    """
    return await posts(request).translations.read(right)


@routes.put("/v1/posts/{id}/translations")
@endpoint(
    needs=role("contributor"),
    scope=POSTS_WRITE,
    path=POST_ID,
    on=with_right(Editable),
    body=TranslationsSchema,
    returns=TRANSLATIONS,
    match=True,
    also=(409,),
    examples={"id": examples.TRANSLATION, "If-Match": examples.UNTRANSLATED},
)
async def set_translations(request: web.Request, right: Editable, wish: dict[str, Any]) -> ShownGroup:
    """Say which posts are one work in several languages.

    For authors and editors of all of these posts, and of those that are left out. With this post alone, it leaves the
    others to themselves, which takes no right to them. A post is in one such group, and no two posts of a group have
    the same language. If-Match takes the ETag of `GET /v1/posts/{id}/translations`.
    """
    return await posts(request).translations.replace(right, wish["posts"], if_match(request))
