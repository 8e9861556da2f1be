"""What clients send and receive about previews."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from blogapi.clock import rfc3339
from blogapi.paging.cursors import PageQuery
from blogapi.posts import examples
from blogapi.posts.model import STATUSES
from blogapi.posts.previews.model import NewPreviewLink, Preview, ShownPreviewLink
from blogapi.posts.public_view import PUBLIC_FIELDS, public_translations
from blogapi.posts.views import PublicPostSchema, working_view
from blogapi.users.examples import SINCE, WRITER
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, Strict, Timestamp, Whole


class NewPreviewLinkSchema(Strict):
    """A link to a post that is not public."""

    expires_at = Timestamp(
        load_default=None,
        metadata={"description": "Until when it leads to the post: at most 90 days from now. Left out, a week."},
    )
    revision = Whole(
        1,
        2**53,
        load_default=None,
        allow_none=True,
        metadata={"description": "The revision that it shows. Left out, it always shows the newest one."},
    )

    example = {"revision": None}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> NewPreviewLink:
        return NewPreviewLink(**data)


class PreviewLinkListQuery(PageQuery):
    """A page of the preview links of a post."""


class PreviewLinkShape(Strict):
    """A preview link. Whoever has its token reads the post without signing in."""

    id = fields.Str(required=True)
    token = fields.Str(required=True)
    url = fields.Str(required=True, metadata={"description": "`GET /v1/preview/{token}` of this server."})
    revision = fields.Int(required=True, allow_none=True, metadata={"description": "Null for the newest one."})
    created_by = fields.Str(required=True, metadata={"description": "The id of a user."})
    created_at = fields.DateTime(required=True)
    expires_at = fields.DateTime(required=True)

    example = {
        "id": examples.PREVIEW_LINK,
        "token": f"{examples.PREVIEW_LINK}.xxxx",
        "url": f"https://blog.example.org/v1/preview/{examples.PREVIEW_LINK}.xxxx",
        "revision": None,
        "created_by": WRITER,
        "created_at": SINCE,
        "expires_at": "2026-03-08T09:00:00.000Z",
    }


class PreviewSchema(PublicPostSchema):
    """A post as readers would see it, were this revision published now."""

    status = fields.Str(required=True, validate=Choice(STATUSES), metadata={"description": "That of the post."})
    published_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "Null as long as it was not published."}
    )
    live_updated_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "Null as long as it was not published."}
    )

    example = {**PublicPostSchema.example, "status": "draft", "published_at": None, "live_updated_at": None}


def preview_link_view(shown: ShownPreviewLink) -> dict[str, Any]:
    """A link as authors and editors of the post see it."""
    link = shown.link
    return {
        "id": link.id,
        "token": shown.token,
        "url": shown.url,
        "revision": link.revision,
        "created_by": link.created_by,
        "created_at": rfc3339(link.created_at),
        "expires_at": rfc3339(link.expires_at),
    }


def preview_view(preview: Preview) -> dict[str, Any]:
    """The fields that readers see, and no others."""
    view = working_view(preview.post, preview.copy)
    shown = {name: view[name] for name in PUBLIC_FIELDS}
    # Whoever has the link need not be signed in.
    return {**shown, "view": "public", "translations": public_translations(preview.post.translations)}


PREVIEW_LINK = Shape(PreviewLinkShape, preview_link_view)
PREVIEW = Shape(PreviewSchema, preview_view)
