"""How posts look from outside: plain functions that make them JSON-ready, and the schemas that document the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from blogapi.access.identity import Byline
from blogapi.clock import rfc3339, rfc3339_or_none
from blogapi.posts import examples
from blogapi.posts.audiences import VISIBILITIES, WHO_READS
from blogapi.posts.copies import BODY_FORMATS, CONTENT_FIELDS, HEAVY_FIELDS, Cover, Live, Seo, Working
from blogapi.posts.model import FLAGS, KINDS, KINDS_OF_CONTENT, STATUSES, Post, Review
from blogapi.posts.public_view import PUBLIC_FIELDS, PublicPost
from blogapi.posts.rights import LivePost
from blogapi.posts.schedules.views import ScheduleShape, schedule_view
from blogapi.posts.translations.schemas import TranslationShape, translation_view
from blogapi.settings.model import COMMENTS_POLICIES
from blogapi.users.examples import SINCE, WRITER, WRITER_DISPLAY_NAME, WRITER_NAME
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, Strict


class BylineSchema(Strict):
    """An author of a post."""

    id = fields.Str(required=True)
    username = fields.Str(required=True)
    display_name = fields.Str(required=True)
    avatar_url = fields.Str(required=True, allow_none=True)


class TocEntrySchema(Strict):
    """A heading of the text, for a table of contents."""

    level = fields.Int(required=True, metadata={"description": "1 for `<h1>` to 6 for `<h6>`."})
    id = fields.Str(required=True, metadata={"description": "The `id` of the heading in `html`."})
    text = fields.Str(required=True)


class CoverShape(Strict):
    """The cover picture of a post."""

    url = fields.Str(required=True)
    alt = fields.Str(required=True, metadata={"description": "A text in place of the picture."})
    caption = fields.Str(required=True)


class SeoShape(Strict):
    """Texts and settings for search engines."""

    title = fields.Str(required=True)
    description = fields.Str(required=True)
    canonical_url = fields.Str(required=True, allow_none=True)
    noindex = fields.Bool(required=True, metadata={"description": "Ask search engines to leave the post out."})


class ContentShape(Strict):
    """What is written, and what is rendered from it."""

    title = fields.Str(required=True)
    slug = fields.Str(required=True, metadata={"description": "The last part of its address."})
    body = fields.Str(required=True, metadata={"description": "The text as it was written."})
    body_format = fields.Str(required=True, validate=Choice(BODY_FORMATS))
    html = fields.Str(required=True, metadata={"description": "`body` as sanitised HTML."})
    excerpt_auto = fields.Str(required=True, metadata={"description": "The beginning of the text, without markup."})
    word_count = fields.Int(required=True)
    reading_minutes = fields.Int(required=True)
    toc = fields.List(fields.Nested(TocEntrySchema), required=True, metadata={"description": "The table of contents."})
    excerpt = fields.Str(required=True, metadata={"description": "Written by an author; may be empty."})
    authors = fields.List(
        fields.Nested(BylineSchema), required=True, metadata={"description": "The main author first."}
    )
    tags = fields.List(fields.Str(), required=True, metadata={"description": "Slugs of tags."})
    lang = fields.Str(required=True, allow_none=True, metadata={"description": "A language (BCP 47)."})
    cover = fields.Nested(CoverShape, required=True, allow_none=True)
    seo = fields.Nested(SeoShape, required=True)
    custom = fields.Dict(required=True, metadata={"description": "Fields of your own."})

    example = {
        "title": "Hello, reader",
        "slug": examples.READ_SLUG,
        "body": "This blog has *just* been started.",
        "body_format": "markdown",
        "html": "<p>This blog has <em>just</em> been started.</p>\n",
        "excerpt_auto": "This blog has just been started.",
        "word_count": 6,
        "reading_minutes": 1,
        "toc": [],
        "excerpt": "",
        "authors": [{"id": WRITER, "username": WRITER_NAME, "display_name": WRITER_DISPLAY_NAME, "avatar_url": None}],
        "tags": ["welcome"],
        "lang": "en",
        "cover": None,
        "seo": {"title": "", "description": "", "canonical_url": None, "noindex": False},
        "custom": {},
    }


_PUBLISHED_AT = {"description": "When it was first published."}
_LIVE_UPDATED_AT = {"description": "When the live copy was last replaced."}
_VIEW = {"description": "Tells the two shapes of a post apart."}


class PublicPostSchema(ContentShape):
    """A post as readers see it: the live copy."""

    id = fields.Str(required=True)
    view = fields.Str(required=True, validate=Choice(["public"]), metadata=_VIEW)
    version = fields.Int(required=True, metadata={"description": "Grows by one with each change."})
    status = fields.Str(required=True, validate=Choice(["published"]))
    kind = fields.Str(required=True, validate=Choice(KINDS), metadata={"description": KINDS_OF_CONTENT})
    featured = fields.Bool(required=True)
    visibility = fields.Str(required=True, validate=Choice(VISIBILITIES), metadata={"description": WHO_READS})
    comments_policy = fields.Str(required=True, validate=Choice(COMMENTS_POLICIES))
    published_at = fields.DateTime(required=True, metadata=_PUBLISHED_AT)
    live_updated_at = fields.DateTime(required=True, metadata=_LIVE_UPDATED_AT)
    likes_count = fields.Int(required=True)
    comments_count = fields.Int(required=True)
    translations = fields.List(
        fields.Nested(TranslationShape),
        required=True,
        metadata={"description": "The same work in other languages: those posts that its readers find in lists."},
    )
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)

    example = {
        "id": examples.READ,
        "view": "public",
        "version": 1,
        "status": "published",
        **ContentShape.example,
        "kind": "post",
        "featured": True,
        "visibility": "public",
        "comments_policy": "open",
        "published_at": SINCE,
        "live_updated_at": SINCE,
        "likes_count": 0,
        "comments_count": 0,
        "translations": [],
        "created_at": SINCE,
        "updated_at": SINCE,
    }


class OriginSchema(Strict):
    """Where an imported post came from."""

    source = fields.Str(required=True, metadata={"description": "The name of the import."})
    path = fields.Str(required=True, metadata={"description": "The file in the old blog."})
    urls = fields.List(fields.Str(), required=True, metadata={"description": "Its addresses in the old blog."})


class ReviewSchema(Strict):
    """The last review of a post: what was submitted, and what an editor said when it was rejected."""

    submitted_revision = fields.Int(required=True)
    submitted_by = fields.Str(required=True, metadata={"description": "The id of a user."})
    submitted_at = fields.DateTime(required=True)
    note = fields.Str(required=True, metadata={"description": "Of whoever submitted it."})
    rejected_by = fields.Str(required=True, allow_none=True, metadata={"description": "The id of an editor."})
    rejected_at = fields.DateTime(required=True, allow_none=True)
    rejection_note = fields.Str(required=True, metadata={"description": "Of the editor, for the authors."})


class WorkingPostSchema(PublicPostSchema, ScheduleShape):
    """A post as its authors and editors see it: the working copy."""

    view = fields.Str(required=True, validate=Choice(["working"]), metadata=_VIEW)
    status = fields.Str(required=True, validate=Choice(STATUSES))
    published_at = fields.DateTime(required=True, allow_none=True, metadata=_PUBLISHED_AT)
    live_updated_at = fields.DateTime(required=True, allow_none=True, metadata=_LIVE_UPDATED_AT)
    live_revision = fields.Int(
        required=True, allow_none=True, metadata={"description": "The revision of the live copy, if there is one."}
    )
    working_revision = fields.Int(required=True, metadata={"description": "The revision of the working copy."})
    submitted_revision = fields.Int(
        required=True,
        allow_none=True,
        metadata={
            "description": "The revision that is in review, or was when the post was scheduled, and that publishing "
            "shows. Later edits by a contributor are not in it; those of whoever may publish are."
        },
    )
    review = fields.Nested(
        ReviewSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The last review. Null before the first one and after publication."},
    )
    has_unpublished_changes = fields.Bool(
        required=True, metadata={"description": "The working copy differs from what readers see."}
    )
    deleted_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When it was moved to the trash."}
    )
    origin = fields.Nested(OriginSchema, required=True, allow_none=True)

    example = {
        **PublicPostSchema.example,
        "view": "working",
        "live_revision": 1,
        "working_revision": 1,
        "submitted_revision": None,
        "review": None,
        **ScheduleShape.example,
        "has_unpublished_changes": False,
        "deleted_at": None,
        "origin": None,
    }


def seo_view(seo: Seo) -> dict[str, Any]:
    """As clients send and receive it."""
    return {
        "title": seo.title,
        "description": seo.description,
        "canonical_url": seo.canonical_url,
        "noindex": seo.noindex,
    }


def cover_view(cover: Cover | None) -> dict[str, Any] | None:
    """As clients send and receive it."""
    return None if cover is None else {"url": cover.url, "alt": cover.alt, "caption": cover.caption}


def byline_view(author: Byline) -> dict[str, Any]:
    """An author of a post."""
    return {
        "id": author.id,
        "username": author.username,
        "display_name": author.display_name,
        "avatar_url": author.avatar_url,
    }


def content_view(copy: Working | Live) -> dict[str, Any]:
    """The fields that both copies and all revisions share."""
    return {
        **{name: getattr(copy, name) for name in CONTENT_FIELDS},
        "toc": [{"level": entry.level, "id": entry.id, "text": entry.text} for entry in copy.toc],
        "authors": [byline_view(author) for author in copy.authors],
        "tags": list(copy.tags),
        "cover": cover_view(copy.cover),
        "seo": seo_view(copy.seo),
        "custom": dict(copy.custom),
    }


def _head_view(post: Post | LivePost) -> dict[str, Any]:
    return {
        "kind": post.kind,
        "featured": post.featured,
        "visibility": post.visibility,
        "comments_policy": post.comments_policy,
        "likes_count": post.counters.likes,
        "comments_count": post.counters.comments,
        "translations": [translation_view(each) for each in post.translations],
        "created_at": rfc3339(post.created_at),
    }


def _review_view(review: Review | None) -> dict[str, Any] | None:
    if review is None:
        return None
    return {
        "submitted_revision": review.revision,
        "submitted_by": review.submitted_by,
        "submitted_at": rfc3339(review.submitted_at),
        "note": review.note,
        "rejected_by": review.rejected_by,
        "rejected_at": rfc3339_or_none(review.rejected_at),
        "rejection_note": review.rejection_note,
    }


def working_view(post: Post, copy: Working | None = None) -> dict[str, Any]:
    """For those who may edit: the working copy, or another revision in its place."""
    live, origin = post.live, post.origin
    return {
        "id": post.id,
        "view": "working",
        "version": post.version,
        "status": post.status,
        **content_view(copy or post.working),
        **_head_view(post),
        "published_at": live and rfc3339(live.published_at),
        "live_updated_at": live and rfc3339(live.moved_at),
        "updated_at": rfc3339(post.updated_at),
        "live_revision": live and live.revision,
        "working_revision": post.working.revision,
        "submitted_revision": post.submitted_revision,
        "review": _review_view(post.review),
        **schedule_view(post),
        "has_unpublished_changes": post.has_unpublished_changes,
        "deleted_at": rfc3339_or_none(post.deleted_at),
        "origin": origin and {"source": origin.source, "path": origin.path, "urls": list(origin.urls)},
    }


def live_view(post: LivePost) -> dict[str, Any]:
    """For readers of a post that not everybody may read: the same fields as the public view."""
    live = post.live
    return {
        "id": post.id,
        "view": "public",
        "version": live.version,
        "status": post.status,
        **content_view(live),
        **_head_view(post),
        "published_at": rfc3339(live.published_at),
        "live_updated_at": rfc3339(live.moved_at),
        "updated_at": rfc3339(live.updated_at),
    }


def public_view(post: PublicPost) -> Mapping[str, Any]:
    """For everybody: ready as it comes from the store."""
    return post


PUBLIC = Shape(PublicPostSchema, public_view, HEAVY_FIELDS, for_everybody=True)
LIVE = Shape(PublicPostSchema, live_view, HEAVY_FIELDS)
WORKING = Shape(WorkingPostSchema, working_view, HEAVY_FIELDS, says="authors and editors can also read working copies")
WORKING_FIELDS = tuple(WorkingPostSchema().fields)


def editable(post: Post) -> dict[str, Any]:
    """What a merge patch is merged into: the fields that a client may set, as it would send them."""
    copy = post.working
    chosen = {} if post.slug_is_derived else {"slug": copy.slug}
    written = {
        "title": copy.title,
        "body": copy.body,
        "body_format": copy.body_format,
        "excerpt": copy.excerpt,
        "authors": list(copy.author_ids),
        "tags": list(copy.tags),
        "seo": seo_view(copy.seo),
        "custom": dict(copy.custom),
    }
    optional = {"lang": copy.lang, "cover": cover_view(copy.cover)}
    flags = {name: getattr(post, name) for name in FLAGS}
    return {**written, **chosen, **flags, **{name: value for name, value in optional.items() if value is not None}}


assert set(PUBLIC_FIELDS) == set(PublicPostSchema().fields)
