"""What readers see of a head document: straight from the database, field by field, without a model in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypedDict

from blogapi.clock import rfc3339
from blogapi.posts.audiences import LISTED_AS
from blogapi.posts.copies import CONTENT_FIELDS
from blogapi.posts.translations.model import Translation


class PublicPost(TypedDict, total=False):
    """A post as readers see it, ready to be sent.

    Reads are most of what this server does, so they skip the models: the store takes this straight from the document,
    field by field from an allow-list, with texts for ids and times.
    """

    id: str
    view: str
    version: int
    status: str
    kind: str
    title: str
    slug: str
    body: str
    body_format: str
    html: str
    excerpt_auto: str
    word_count: int
    reading_minutes: int
    toc: list[dict[str, Any]]
    excerpt: str
    authors: list[dict[str, Any]]
    tags: list[str]
    lang: str | None
    cover: dict[str, Any] | None
    seo: dict[str, Any]
    featured: bool
    visibility: str
    comments_policy: str
    custom: dict[str, Any]
    published_at: str
    live_updated_at: str
    likes_count: int
    comments_count: int
    translations: list[dict[str, Any]]
    created_at: str
    updated_at: str


PUBLIC_FIELDS = tuple(PublicPost.__annotations__)

_Write = Callable[[Any], Any]
_NONE_YET: Mapping[str, Any] = {"likes": 0, "comments": 0}


# Subdocuments are shown field by field, too: other fields in them are for nobody.


def _authors(authors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "id": str(author["id"]),
            "username": author["username"],
            "display_name": author["display_name"],
            "avatar_url": author.get("avatar_url"),
        }
        for author in authors
    ]


def _toc(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"level": entry["level"], "id": entry["id"], "text": entry["text"]} for entry in entries]


def _cover(cover: dict[str, Any] | None) -> dict[str, Any] | None:
    if cover is None:
        return None
    return {"url": cover["url"], "alt": cover.get("alt", ""), "caption": cover.get("caption", "")}


def _seo(seo: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": seo.get("title", ""),
        "description": seo.get("description", ""),
        "canonical_url": seo.get("canonical_url"),
        "noindex": seo.get("noindex", False),
    }


# Where each field of the public view comes from: the part of the head document, the name there, and how it is written.
# Not among them are `id` and what is the same for all posts that readers see.
_LIVE, _HEAD, _COUNTERS = "live", "head", "counters"
_PREFIXES = {_LIVE: "live.", _HEAD: "", _COUNTERS: "counters."}
_SOURCES: dict[str, tuple[str, str, _Write | None]] = {
    **{name: (_LIVE, name, None) for name in ("version", *CONTENT_FIELDS)},
    "authors": (_LIVE, "authors", _authors),
    "toc": (_LIVE, "toc", _toc),
    "cover": (_LIVE, "cover", _cover),
    "seo": (_LIVE, "seo", _seo),
    "published_at": (_LIVE, "published_at", rfc3339),
    "live_updated_at": (_LIVE, "moved_at", rfc3339),
    "updated_at": (_LIVE, "updated_at", rfc3339),
    **{name: (_HEAD, name, None) for name in ("featured", "visibility", "comments_policy")},
    "translations": (_HEAD, "translation_group", lambda _: []),  # filled in for those that have some
    "kind": (_HEAD, "kind", lambda kind: kind or "post"),  # one from before there were pages is a post
    "created_at": (_HEAD, "created_at", rfc3339),
    "likes_count": (_COUNTERS, "likes", None),
    "comments_count": (_COUNTERS, "comments", None),
}
_FIXED = {"view": "public", "status": "published"}


@lru_cache(maxsize=256)  # clients choose the fields, but few of the many choices are ever made
def projection_of(wanted: tuple[str, ...]) -> Mapping[str, int]:
    """What to ask the database for."""
    sources = [_SOURCES[name] for name in wanted if name in _SOURCES]
    return {"live.version": 1, **{_PREFIXES[part] + key: 1 for part, key, _ in sources}}


def public_translations(translations: Iterable[Translation]) -> list[dict[str, Any]]:
    """As everybody sees them: only those that are public."""
    return [
        {"lang": each.lang, "id": each.id, "slug": each.slug, "title": each.title}
        for each in translations
        if each.audience in LISTED_AS.values()
    ]


def public_post(document: Mapping[str, Any], wanted: tuple[str, ...]) -> PublicPost:
    """The reader's view of a head document, from an allow-list."""
    counters = document.get("counters") or _NONE_YET
    return _view_of(wanted)(str(document["_id"]), document["live"].get, document.get, counters.get)


@lru_cache(maxsize=256)
def _view_of(wanted: tuple[str, ...]) -> Callable[..., PublicPost]:
    """What makes a view with these fields, of an id and of what gets a value by its name in each part of the document.

    One expression, put together from the allow-list: a page shows twenty posts of twenty fields, and a loop over these
    takes half as long again.
    """
    writes = {f"write_{name}": write for name, (_, _, write) in _SOURCES.items()}
    items = ['"id": id', *(f"{name!r}: {_FIXED[name]!r}" for name in wanted if name in _FIXED)]
    for name in wanted:
        if name in _SOURCES:
            part, key, write = _SOURCES[name]
            value = f"{part}({key!r})"
            items.append(f"{name!r}: {value if write is None else f'write_{name}({value})'}")
    made: Callable[..., PublicPost] = eval(  # noqa: S307  # of names of ours alone
        f"lambda id, {_LIVE}, {_HEAD}, {_COUNTERS}: {{{', '.join(items)}}}", writes
    )
    return made
