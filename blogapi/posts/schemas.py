"""What clients send and receive about posts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from marshmallow import ValidationError, fields, post_load, validates

from blogapi.ids import is_id
from blogapi.moments import rfc3339, rfc3339_or_none
from blogapi.posts.model import (
    BODY_FORMATS,
    COMMENTS_POLICIES,
    CONTENT_FIELDS,
    CUSTOM_KEY,
    MAX_AUTHORS,
    MAX_BODY_BYTES,
    MAX_CAPTION,
    MAX_CUSTOM_BYTES,
    MAX_CUSTOM_DEPTH,
    MAX_CUSTOM_KEY,
    MAX_EXCERPT,
    MAX_SEO_DESCRIPTION,
    MAX_SEO_TITLE,
    MAX_TAGS,
    MAX_TITLE,
    PUBLIC_FIELDS,
    STATUSES,
    VISIBILITIES,
    Cover,
    Draft,
    Live,
    Post,
    PublicPost,
    Seo,
    Working,
)
from blogapi.tags.model import is_tag_slug
from blogapi.text.slug import RESERVED_SLUGS
from blogapi.users.model import Byline
from blogapi.web.endpoint import Shape
from blogapi.web.fields import (
    LANGUAGE_TAG,
    Choice,
    CommaList,
    Flag,
    FullMatch,
    Items,
    LanguageTag,
    Line,
    Mapped,
    Moment,
    QueryFlag,
    Record,
    Size,
    Strict,
    Text,
    Url,
    Whole,
    unstorable,
    wrong,
)
from blogapi.web.pagination import PageQuery
from blogapi.web.query import FieldsQuery

KIB = 1024
_CUSTOM_LIMITS = f"Your own fields: {MAX_CUSTOM_BYTES // KIB} KiB, {MAX_CUSTOM_DEPTH} levels, keys a-z 0-9 _."
_SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"


class CoverSchema(Strict):
    """The picture above a post."""

    url = Url(required=True)
    alt = Line(load_default="", validate=Size(max=MAX_CAPTION))
    caption = Line(load_default="", validate=Size(max=MAX_CAPTION))

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Cover:
        return Cover(**data)


class SeoSchema(Strict):
    """What search engines are told."""

    title = Line(load_default="", validate=Size(max=MAX_SEO_TITLE))
    description = Line(load_default="", validate=Size(max=MAX_SEO_DESCRIPTION))
    canonical_url = Url(load_default=None, allow_none=True)
    noindex = Flag(load_default=False)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Seo:
        return Seo(**data)


class PostEditSchema(Strict):
    """What a writer sets. In a PATCH, what is not sent stays, and null takes a value away."""

    title = Line(load_default="", validate=Size(max=MAX_TITLE))
    slug = Text(
        load_default=None,
        validate=[Size(min=1, max=120), FullMatch(_SLUG, "Only a-z, 0-9 and single hyphens between them.")],
        metadata={"description": "Left out, it is made from the title until readers see the post."},
    )
    body = Text(load_default="")
    body_format = Text(load_default="markdown", validate=Choice(BODY_FORMATS))
    excerpt = Text(load_default="", validate=Size(max=MAX_EXCERPT))
    authors = Items(
        Text(),
        load_default=None,
        validate=Size(min=1, max=MAX_AUTHORS),
        metadata={"description": "Ids; the first is the primary."},
    )
    tags = Items(
        Text(), load_default=(), validate=Size(max=MAX_TAGS), metadata={"description": "Slugs; the order is kept."}
    )
    lang = LanguageTag(load_default=None)
    cover = Record(CoverSchema, load_default=None)
    seo = Record(SeoSchema, load_default=Seo())
    custom = Mapped(load_default=dict, metadata={"description": _CUSTOM_LIMITS})
    featured = Flag(load_default=False)
    visibility = Text(load_default="public", validate=Choice(VISIBILITIES))
    comments_policy = Text(load_default="open", validate=Choice(COMMENTS_POLICIES))
    note = Line(load_default="", validate=Size(max=200), metadata={"description": "What this revision is about."})

    @validates("slug")
    def _slug_is_free_to_choose(self, value: str | None, **_: Any) -> None:
        if value in RESERVED_SLUGS:
            raise wrong("reserved", f"{value!r} is reserved.")

    @validates("body")
    def _body_is_small_enough(self, value: str, **_: Any) -> None:
        if len(value) > MAX_BODY_BYTES or len(value.encode()) > MAX_BODY_BYTES:
            raise wrong("too_long", f"At most {MAX_BODY_BYTES // KIB} KiB of UTF-8.", max=MAX_BODY_BYTES)

    @validates("authors")
    def _authors_are_ids(self, value: list[str] | None, **_: Any) -> None:
        _check_each(value, is_id, "invalid_format", "Must be the id of a user.")

    @validates("tags")
    def _tags_are_slugs(self, value: list[str], **_: Any) -> None:
        _check_each(value, is_tag_slug, "invalid_format", "Only a-z, 0-9 and single hyphens, at most 60 characters.")

    @validates("custom")
    def _custom_can_be_kept(self, value: dict[str, Any], **_: Any) -> None:
        problem = unstorable(value, depth=MAX_CUSTOM_DEPTH) or _wrong_key(value)
        if problem:
            raise wrong("invalid_format", problem)
        if len(orjson.dumps(value)) > MAX_CUSTOM_BYTES:
            raise wrong("too_long", f"At most {MAX_CUSTOM_BYTES // KIB} KiB of JSON.", max=MAX_CUSTOM_BYTES)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Draft:
        authors = data.pop("authors")
        return Draft(**{**data, "tags": tuple(data["tags"])}, author_ids=None if authors is None else tuple(authors))


class NewPostSchema(PostEditSchema):
    """What a writer starts a post with."""

    status = Text(load_default="draft", validate=Choice(["draft", "published"]))


class PublishSchema(Strict):
    """Which revision to publish."""

    revision = Whole(1, 2**53, load_default=None, metadata={"description": "Left out: the working copy."})


def _check_each(values: Any, check: Any, code: str, text: str) -> None:
    items = list(values or ())
    found = {index: wrong(code, text).messages for index, value in enumerate(items) if not check(value)}
    repeated = {
        index: wrong("repeated", "It is there twice.").messages
        for index, value in enumerate(items)
        if value in items[:index]
    }
    if found or repeated:
        raise ValidationError({**repeated, **found})


def _wrong_key(value: Any) -> str | None:
    if isinstance(value, Mapping):
        bad = next((key for key in value if not CUSTOM_KEY.fullmatch(key)), None)
        if bad is not None:
            return f"The key {bad!r} is not of a-z, 0-9 and _, at most {MAX_CUSTOM_KEY} of them."
        value = list(value.values())
    return next(filter(None, map(_wrong_key, value)), None) if isinstance(value, list) else None


def editable(post: Post) -> dict[str, Any]:
    """What a merge patch is merged into: the fields that a client may set, as it would send them."""
    copy = post.working
    chosen = {} if post.slug_is_derived and post.live is None else {"slug": copy.slug}
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
    flags = {"featured": post.featured, "visibility": post.visibility, "comments_policy": post.comments_policy}
    return {**written, **chosen, **flags, **{name: value for name, value in optional.items() if value is not None}}


# What leaves


class BylineSchema(Strict):
    """An author, as posts show them."""

    id = fields.Str(required=True)
    username = fields.Str(required=True)
    display_name = fields.Str(required=True)
    avatar_url = fields.Str(required=True, allow_none=True)


class TocEntrySchema(Strict):
    """A heading and its anchor in the html."""

    level = fields.Int(required=True)
    id = fields.Str(required=True)
    text = fields.Str(required=True)


class CoverShape(Strict):
    """The picture above a post."""

    url = fields.Str(required=True)
    alt = fields.Str(required=True)
    caption = fields.Str(required=True)


class SeoShape(Strict):
    """What search engines are told."""

    title = fields.Str(required=True)
    description = fields.Str(required=True)
    canonical_url = fields.Str(required=True, allow_none=True)
    noindex = fields.Bool(required=True)


class ContentShape(Strict):
    """What is written, and what is rendered from it."""

    title = fields.Str(required=True)
    slug = fields.Str(required=True)
    body = fields.Str(required=True)
    body_format = fields.Str(required=True, validate=Choice(BODY_FORMATS))
    html = fields.Str(required=True)
    excerpt_auto = fields.Str(required=True)
    word_count = fields.Int(required=True)
    reading_minutes = fields.Int(required=True)
    toc = fields.List(fields.Nested(TocEntrySchema), required=True)
    excerpt = fields.Str(required=True)
    authors = fields.List(fields.Nested(BylineSchema), required=True)
    tags = fields.List(fields.Str(), required=True)
    lang = fields.Str(required=True, allow_none=True)
    cover = fields.Nested(CoverShape, required=True, allow_none=True)
    seo = fields.Nested(SeoShape, required=True)
    custom = fields.Dict(required=True)


class PublicPostSchema(ContentShape):
    """A post as readers see it."""

    id = fields.Str(required=True)
    version = fields.Int(required=True)
    status = fields.Str(required=True, validate=Choice(["published"]))
    featured = fields.Bool(required=True)
    visibility = fields.Str(required=True, validate=Choice(VISIBILITIES))
    comments_policy = fields.Str(required=True, validate=Choice(COMMENTS_POLICIES))
    published_at = fields.DateTime(required=True)
    live_updated_at = fields.DateTime(required=True)
    likes_count = fields.Int(required=True)
    comments_count = fields.Int(required=True)
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)


class OriginSchema(Strict):
    """Where an imported post came from."""

    source = fields.Str(required=True)
    path = fields.Str(required=True)
    urls = fields.List(fields.Str(), required=True)


class WorkingPostSchema(PublicPostSchema):
    """A post as its authors and editors see it: the working copy."""

    status = fields.Str(required=True, validate=Choice(STATUSES))
    published_at = fields.DateTime(required=True, allow_none=True)
    live_updated_at = fields.DateTime(required=True, allow_none=True)
    live_revision = fields.Int(required=True, allow_none=True)
    working_revision = fields.Int(required=True)
    has_unpublished_changes = fields.Bool(required=True)
    deleted_at = fields.DateTime(required=True, allow_none=True)
    origin = fields.Nested(OriginSchema, required=True, allow_none=True)


class RevisionSchema(ContentShape):
    """A copy of a post under its number, which never changes."""

    id = fields.Str(required=True)
    revision = fields.Int(required=True)
    kind = fields.Str(required=True, validate=Choice(["create", "edit", "restore", "discard", "import"]))
    note = fields.Str(required=True)
    edited_by = fields.Str(required=True, allow_none=True)
    edited_at = fields.DateTime(required=True)


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


def _head_view(post: Post) -> dict[str, Any]:
    return {
        "featured": post.featured,
        "visibility": post.visibility,
        "comments_policy": post.comments_policy,
        "likes_count": post.counters.likes,
        "comments_count": post.counters.comments,
        "created_at": rfc3339(post.created_at),
    }


def working_view(post: Post) -> dict[str, Any]:
    """For those who may edit."""
    live, origin = post.live, post.origin
    return {
        "id": post.id,
        "version": post.version,
        "status": post.status,
        **content_view(post.working),
        **_head_view(post),
        "published_at": live and rfc3339(live.published_at),
        "live_updated_at": live and rfc3339(live.moved_at),
        "updated_at": rfc3339(post.updated_at),
        "live_revision": live and live.revision,
        "working_revision": post.working.revision,
        "has_unpublished_changes": post.has_unpublished_changes,
        "deleted_at": rfc3339_or_none(post.deleted_at),
        "origin": origin and {"source": origin.source, "path": origin.path, "urls": list(origin.urls)},
    }


def live_view(post: Post) -> dict[str, Any]:
    """For readers of a post that not everybody may read: the same fields as the public view."""
    live = post.live
    assert live is not None  # it is read by its audience
    return {
        "id": post.id,
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


def revision_view(post_id: str, copy: Working) -> dict[str, Any]:
    """One revision."""
    return {
        "id": f"{post_id}:{copy.revision}",
        "revision": copy.revision,
        "kind": copy.kind,
        "note": copy.note,
        "edited_by": copy.edited_by,
        "edited_at": rfc3339(copy.edited_at),
        **content_view(copy),
    }


PUBLIC = Shape(PublicPostSchema, public_view)
LIVE = Shape(PublicPostSchema, live_view)
WORKING = Shape(WorkingPostSchema, working_view)
REVISION = Shape(RevisionSchema, lambda pair: revision_view(*pair))
WORKING_FIELDS = tuple(WorkingPostSchema().fields)
REVISION_FIELDS = tuple(RevisionSchema().fields)


# What can be asked for


class ReadPostQuery(FieldsQuery):
    """How to read one post."""

    view = Text(
        load_default=None,
        validate=Choice(["working"]),
        metadata={"description": "`working` for those who may edit it."},
    )


def _moment(parameter: str, description: str) -> Moment:
    return Moment(data_key=parameter, load_default=None, metadata={"description": description})


class PostListQuery(PageQuery, FieldsQuery):
    """Filters and sorts of the lists of posts. A comma means any of, different parameters mean all of."""

    status = CommaList(
        STATUSES.__contains__,
        of="status",
        load_default=(),
        metadata={
            "description": "`/v1/posts`: any but `published`, the default, lists what you may edit.",
            "items": {"type": "string", "enum": list(STATUSES)},
        },
    )
    tag = CommaList(is_tag_slug, of="tag slug", load_default=(), metadata={"description": "Slugs of tags."})
    author = CommaList(
        lambda text: 0 < len(text) <= 32,
        of="user id or username",
        load_default=(),
        metadata={"description": "Ids or usernames."},
    )
    lang = CommaList(
        lambda text: re.fullmatch(LANGUAGE_TAG, text) is not None,
        of="language tag",
        load_default=(),
        metadata={"description": "Languages (BCP 47)."},
    )
    featured = QueryFlag(load_default=None, metadata={"description": "Only featured posts, or only others."})
    published_from = _moment("published_at[gte]", "Published then or later.")
    published_before = _moment("published_at[lt]", "Published before.")
    updated_from = _moment("updated_at[gte]", "Changed then or later. `/v1/posts`: with `status`.")
    updated_before = _moment("updated_at[lt]", "Changed before. `/v1/posts`: with `status`.")
    sort = Text(
        load_default=None,
        validate=Choice(["-published_at", "published_at", "-updated_at", "updated_at"]),
        metadata={"description": "Public list: published_at; what you may edit: updated_at. `-` for newest first."},
    )


assert set(PUBLIC_FIELDS) == set(PublicPostSchema().fields)
