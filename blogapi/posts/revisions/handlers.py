"""Revisions of posts over HTTP."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from blogapi.access.needs import SIGNED_IN
from blogapi.access.scopes import POSTS_READ
from blogapi.paging.cursors import PageQuery, page_request
from blogapi.paging.page import Page
from blogapi.posts import examples
from blogapi.posts.copies import HEAVY_FIELDS
from blogapi.posts.handlers import POST_ID, posts, with_right
from blogapi.posts.model import Post
from blogapi.posts.revisions.comparison import Comparison
from blogapi.posts.revisions.comparison_schemas import COMPARISON, MAX_REVISION, DiffQuery
from blogapi.posts.revisions.views import REVISION, REVISION_FIELDS
from blogapi.posts.rights import Editable
from blogapi.posts.states.handlers import for_who_has, transition_endpoint
from blogapi.web.endpoint import Reply, attempt, endpoint, if_match
from blogapi.web.fields import Whole
from blogapi.web.query import FieldsQuery, chosen_fields

routes = web.RouteTableDef()
_REVISION = {**POST_ID, "n": Whole(0, MAX_REVISION, metadata={"description": "The number of the revision."})}
_LIGHT = tuple(name for name in REVISION_FIELDS if name not in HEAVY_FIELDS)


class RevisionListQuery(PageQuery, FieldsQuery):
    """A page of revisions. Their texts are read one by one."""


@routes.get("/v1/posts/{id}/revisions")
@endpoint(
    needs=SIGNED_IN,
    scope=POSTS_READ,
    path=POST_ID,
    on=with_right(Editable),
    query=RevisionListQuery,
    returns=REVISION,
    listed=True,
    examples={"id": examples.READ},
)
async def list_revisions(request: web.Request, right: Editable, query: dict[str, Any]) -> Reply:
    """List the revisions of a post, newest first.

    For authors and editors of the post.
    """
    found = await posts(request).revisions.list(right, page_request(request, query))
    pairs = [(right.id, copy) for copy in found.items]
    fields = chosen_fields(query, _LIGHT) or _LIGHT
    return Reply(result=Page(items=pairs, next=found.next, total=found.total), fields=fields)


@routes.get("/v1/posts/{id}/revisions/{n:[0-9]{1,15}}")
@endpoint(
    needs=SIGNED_IN,
    scope=POSTS_READ,
    path=_REVISION,
    on=with_right(Editable),
    returns=REVISION,
    examples={"id": examples.READ, "n": 1},
)
async def read_revision(request: web.Request, right: Editable) -> Reply:
    """Read a revision of a post.

    For authors and editors of the post.
    """
    copy = await posts(request).revisions.read(right, int(request.match_info["n"]))
    return Reply(result=(right.id, copy))


@routes.get("/v1/posts/{id}/revisions/{n:[0-9]{1,15}}/diff")
@endpoint(
    needs=SIGNED_IN,
    scope=POSTS_READ,
    path=_REVISION,
    on=with_right(Editable),
    query=DiffQuery,
    returns=COMPARISON,
    also=(422,),
    examples={"id": examples.RESTORED_TO_A_REVISION, "n": 1},
)
async def compare_revisions(request: web.Request, right: Editable, query: dict[str, Any]) -> Comparison:
    """Compare a revision of a post with another one, field by field.

    For authors and editors of the post. Without `to`, it is what has changed since that revision. Either of the two may
    be the older one.
    """
    return await posts(request).revisions.compare(right, int(request.match_info["n"]), query["to"])


@routes.post("/v1/posts/{id}/revisions/{n:[0-9]{1,15}}/restore")
@transition_endpoint(
    **for_who_has(Editable),
    path=_REVISION,
    examples={"id": examples.RESTORED_TO_A_REVISION, "n": 1, "If-Match": examples.SECOND_VERSION},
)
async def restore_revision(request: web.Request, right: Editable) -> Post:
    """Restore a revision as the working copy.

    It becomes a new revision. Readers see nothing of it until it is published.
    """
    number = int(request.match_info["n"])
    return await posts(request).revisions.restore(right, number, if_match(request), attempt(request))
