"""What clients send about posts, and what they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from marshmallow import ValidationError, post_load, validates, validates_schema

from blogapi.ids import ID_PATTERN, is_id
from blogapi.paging.cursors import PageQuery
from blogapi.posts.audiences import VISIBILITIES, WHO_READS
from blogapi.posts.copies import (
    BODY_FORMATS,
    MAX_AUTHORS,
    MAX_BODY_BYTES,
    MAX_CAPTION,
    MAX_CUSTOM_BYTES,
    MAX_CUSTOM_DEPTH,
    MAX_EXCERPT,
    MAX_SEO_DESCRIPTION,
    MAX_SEO_TITLE,
    MAX_TAGS,
    MAX_TITLE,
    Cover,
    Seo,
)
from blogapi.posts.model import KINDS, KINDS_OF_CONTENT, MAX_REVIEW_NOTE, STATUSES, Draft
from blogapi.settings.model import COMMENTS_POLICIES, CUSTOM_KEY, MAX_CUSTOM_KEY
from blogapi.tags.model import MAX_SLUG, TAG_SLUG, is_tag_slug
from blogapi.text.address import MAX_ADDRESS, lookup_order
from blogapi.text.language import LANGUAGE_TAG, is_language_tag, language_tag
from blogapi.text.slug import RESERVED_SLUGS
from blogapi.translation.sentence import Sentence, say
from blogapi.web.fields import (
    Choice,
    CommaList,
    Flag,
    FullMatch,
    Items,
    LanguageTag,
    Line,
    Mapped,
    OpenParameters,
    QueryFlag,
    Record,
    Size,
    Strict,
    Text,
    Timestamp,
    Url,
    Whole,
    unstorable,
    wrong,
)
from blogapi.web.query import FieldsQuery

KIB = 1024
_CUSTOM_LIMITS = (
    f"Your own fields: at most {MAX_CUSTOM_BYTES // KIB} KiB and {MAX_CUSTOM_DEPTH} levels. Keys hold a-z, 0-9 and _."
)
_FEATURED = {"description": "Readers can filter by it. Only editors set it."}
_LANG = "The language of the text (BCP 47). Without one, it is that of the blog at this time (`lang` of the settings)."
_SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
_A_TAG = {"pattern": f"^(?:{TAG_SLUG})$", "maxLength": MAX_SLUG}
_AN_AUTHOR = {"minLength": 1, "maxLength": 32}
_A_LANGUAGE = {"pattern": f"^(?:{LANGUAGE_TAG})$"}


class CoverSchema(Strict):
    """The cover picture of a post."""

    url = Url(required=True)
    alt = Line(
        load_default="", validate=Size(max=MAX_CAPTION), metadata={"description": "A text in place of the picture."}
    )
    caption = Line(load_default="", validate=Size(max=MAX_CAPTION))

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Cover:
        return Cover(**data)


class SeoSchema(Strict):
    """Texts and settings for search engines."""

    title = Line(load_default="", validate=Size(max=MAX_SEO_TITLE))
    description = Line(load_default="", validate=Size(max=MAX_SEO_DESCRIPTION))
    canonical_url = Url(load_default=None, allow_none=True)
    noindex = Flag(load_default=False, metadata={"description": "Ask search engines to leave the post out."})

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Seo:
        return Seo(**data)


class PostEditSchema(Strict):
    """Changes to a post. A field that you leave out stays, and null removes its value.

    What always has a value is required: a patch is merged into the present values, so only null can take it away.
    """

    title = Line(load_default="", validate=Size(max=MAX_TITLE))
    slug = Text(
        load_default=None,
        validate=[Size(min=1, max=120), FullMatch(_SLUG, say("Only a-z, 0-9 and single hyphens between them."))],
        metadata={
            "description": "The last part of its address. Left out, it follows the title until the first publication."
        },
    )
    body = Text(
        load_default="", metadata={"maxLength": MAX_BODY_BYTES, "description": "The text, at most 512 KiB of UTF-8."}
    )
    body_format = Text(required=True, validate=Choice(BODY_FORMATS))
    excerpt = Text(load_default="", validate=Size(max=MAX_EXCERPT))
    authors = Items(
        Text(metadata={"pattern": f"^{ID_PATTERN}$"}),
        load_default=None,
        validate=Size(min=1, max=MAX_AUTHORS),
        metadata={"description": "Ids of users; the first is the main author. Left out in a new post, it is you."},
    )
    tags = Items(
        Text(metadata=_A_TAG),
        load_default=(),
        validate=Size(max=MAX_TAGS),
        metadata={"description": "Slugs of tags. Their order is kept."},
    )
    lang = LanguageTag(load_default=None, metadata={"description": _LANG})
    cover = Record(CoverSchema, load_default=None)
    seo = Record(SeoSchema, load_default=Seo())
    custom = Mapped(load_default=dict, metadata={"description": _CUSTOM_LIMITS})
    kind = Text(required=True, validate=Choice(KINDS), metadata={"description": KINDS_OF_CONTENT})
    featured = Flag(required=True, metadata=_FEATURED)
    visibility = Text(required=True, validate=Choice(VISIBILITIES), metadata={"description": WHO_READS})
    comments_policy = Text(required=True, validate=Choice(COMMENTS_POLICIES))
    note = Line(
        load_default="",
        validate=Size(max=200),
        metadata={"description": "A remark on this revision, for authors and editors."},
    )

    example = {"title": "A year with the bees", "tags": ["garden"], "excerpt": None, "note": "A shorter title"}

    @validates("slug")
    def _slug_is_free_to_choose(self, value: str | None, **_: Any) -> None:
        if value in RESERVED_SLUGS:
            raise wrong("reserved", say("{value!r} is reserved.", value=value))

    @validates("body")
    def _body_is_small_enough(self, value: str, **_: Any) -> None:
        if len(value) > MAX_BODY_BYTES or len(value.encode()) > MAX_BODY_BYTES:
            raise wrong("too_long", say("At most {size} KiB of UTF-8.", size=MAX_BODY_BYTES // KIB), max=MAX_BODY_BYTES)

    @validates("authors")
    def _authors_are_ids(self, value: list[str] | None, **_: Any) -> None:
        check_each(value, is_id, "invalid_format", say("Must be the id of a user."))

    @validates("tags")
    def _tags_are_slugs(self, value: list[str], **_: Any) -> None:
        says = say("Only a-z, 0-9 and single hyphens, at most 60 characters.")
        check_each(value, is_tag_slug, "invalid_format", says)

    @validates("custom")
    def _custom_can_be_kept(self, value: dict[str, Any], **_: Any) -> None:
        problem = unstorable(value, depth=MAX_CUSTOM_DEPTH) or _wrong_key(value)
        if problem:
            raise wrong("invalid_format", problem)
        if len(orjson.dumps(value)) > MAX_CUSTOM_BYTES:
            says = say("At most {size} KiB of JSON.", size=MAX_CUSTOM_BYTES // KIB)
            raise wrong("too_long", says, max=MAX_CUSTOM_BYTES)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Draft:
        authors = data.pop("authors")
        return Draft(**{**data, "tags": tuple(data["tags"])}, author_ids=None if authors is None else tuple(authors))


class NewPostSchema(PostEditSchema):
    """A new post."""

    body_format = Text(load_default="markdown", validate=Choice(BODY_FORMATS))
    kind = Text(load_default="post", validate=Choice(KINDS), metadata={"description": KINDS_OF_CONTENT})
    featured = Flag(load_default=False, metadata=_FEATURED)
    visibility = Text(load_default="public", validate=Choice(VISIBILITIES), metadata={"description": WHO_READS})
    comments_policy = Text(
        load_default=None,
        validate=Choice(COMMENTS_POLICIES),
        metadata={"description": "Left out, it is that of the settings of the blog."},
    )
    status = Text(
        load_default="draft",
        validate=Choice(["draft", "published"]),
        metadata={"description": "`published` publishes the post at once, which needs the role `author`."},
    )

    example = {"title": "Hello, world", "body": "Written with **care**.", "tags": ["first-words"], "lang": "en"}

    @validates_schema(skip_on_field_errors=False)
    def _published_has_a_title(self, data: dict[str, Any], **_: Any) -> None:
        # The service says it, too; here it is told together with all else that is wrong.
        if data.get("status") == "published" and data.get("title") == "":
            missing = wrong("required", say("A post needs a title before it is published."))
            raise ValidationError({"title": missing.messages})


_PAST = "At once, if that is not in the future by the clock of the database."


class PublishSchema(Strict):
    """Which revision to publish, and when."""

    revision = Whole(
        1,
        2**53,
        load_default=None,
        metadata={
            "description": "Left out, the working copy is published; of a post that is in review, or was when it was"
            " scheduled, the reviewed revision (`submitted_revision`)."
        },
    )
    at = Timestamp(
        load_default=None,
        metadata={"description": f"When. {_PAST} Left out, at once. A published or archived post cannot be scheduled."},
    )

    example = {"revision": 1}


class UnpublishSchema(Strict):
    """When to unpublish."""

    at = Timestamp(
        load_default=None,
        metadata={"description": f"When; of a scheduled post, after it is published. {_PAST} Left out, at once."},
    )

    example = {"at": "2030-01-01T00:00:00Z"}


class ReviewNoteSchema(Strict):
    """What to say about it."""

    note = Text(
        load_default="",
        validate=Size(max=MAX_REVIEW_NOTE),
        metadata={"description": "For the authors and editors of the post."},
    )

    example = {"note": "Ready, but for the last picture."}


def check_each(values: Any, check: Any, code: str, text: Sentence) -> None:
    """Raises ValidationError for each value that fails, and for each that is there twice."""
    items = list(values or ())
    found = {index: wrong(code, text).messages for index, value in enumerate(items) if not check(value)}
    repeated = {
        index: wrong("repeated", say("This value is there twice.")).messages
        for index, value in enumerate(items)
        if value in items[:index]
    }
    if found or repeated:
        raise ValidationError({**repeated, **found})


def _wrong_key(value: Any) -> Sentence | None:
    if isinstance(value, Mapping):
        bad = next((key for key in value if not CUSTOM_KEY.fullmatch(key)), None)
        if bad is not None:
            return say(
                "The key {key!r} is not of a-z, 0-9 and _, at most {most} of them.", key=bad, most=MAX_CUSTOM_KEY
            )
        value = list(value.values())
    return next(filter(None, map(_wrong_key, value)), None) if isinstance(value, list) else None


# What can be asked for


class ReadPostQuery(FieldsQuery):
    """How to read one post."""

    view = Text(
        load_default=None,
        validate=Choice(["working"]),
        metadata={"description": "`working` answers with the working copy. For those who may edit the post."},
    )


class AddressQuery(Strict):
    """A former address of a post."""

    url = Text(
        required=True,
        validate=Size(min=1, max=MAX_ADDRESS),
        metadata={
            "description": "A path or a URL. Host, capitals, percent-encoding, `.html`, `index.html` and a slash at"
            " the end do not matter. Of the query only the number of the post counts (`p=123`).",
        },
    )

    @validates("url")
    def _is_an_address(self, value: str, **_: Any) -> None:
        try:
            lookup_order(value)
        except ValueError:
            says = say("Must be a path or an http or https URL, without control characters.")
            raise wrong("invalid_format", says) from None


def _timestamp(parameter: str, description: str) -> Timestamp:
    return Timestamp(data_key=parameter, load_default=None, metadata={"description": description})


class PostListQuery(PageQuery, FieldsQuery):
    """Filters and sorts of the lists of posts."""

    status = CommaList(
        STATUSES.__contains__,
        otherwise=lambda name: say("{name!r} is not a status.", name=name),
        load_default=(),
        metadata={
            "description": "States of posts. In `/v1/posts`, any but `published` needs a credential.",
            "items": {"type": "string", "enum": list(STATUSES)},
        },
    )
    kind = CommaList(
        KINDS.__contains__,
        otherwise=lambda name: say("{name!r} is neither post nor page.", name=name),
        load_default=("post",),
        metadata={
            "description": "What to list. Left out, posts; `post,page` lists both.",
            "items": {"type": "string", "enum": list(KINDS)},
        },
    )
    tag = CommaList(
        is_tag_slug,
        otherwise=lambda slug: say("{slug!r} is not a tag slug.", slug=slug),
        load_default=(),
        metadata={"description": "Slugs of tags.", "items": {"type": "string", **_A_TAG}},
    )
    author = CommaList(
        lambda text: _AN_AUTHOR["minLength"] <= len(text) <= _AN_AUTHOR["maxLength"],
        otherwise=lambda name: say("{name!r} is not a user id or username.", name=name),
        load_default=(),
        metadata={"description": "Ids or usernames of authors.", "items": {"type": "string", **_AN_AUTHOR}},
    )
    lang = CommaList(
        is_language_tag,
        otherwise=lambda tag: say("{tag!r} is not a language tag.", tag=tag),
        normal=language_tag,
        load_default=(),
        metadata={"description": "Languages (BCP 47).", "items": {"type": "string", **_A_LANGUAGE}},
    )
    custom = OpenParameters(data_key="custom.", load_default=())
    featured = QueryFlag(
        load_default=None, metadata={"description": "`true`: only featured posts. `false`: only others."}
    )
    published_from = _timestamp("published_at[gte]", "Published at this time or later.")
    published_before = _timestamp("published_at[lt]", "Published before this time.")
    updated_from = _timestamp("updated_at[gte]", "Changed at this time or later. Not for public posts.")
    updated_before = _timestamp("updated_at[lt]", "Changed before this time. Not for public posts.")
    sort = Text(
        load_default=None,
        validate=Choice(["-published_at", "published_at", "-updated_at", "updated_at"]),
        metadata={
            "description": "`published_at` is for public posts, `updated_at` for others. A `-` means newest first."
        },
    )
