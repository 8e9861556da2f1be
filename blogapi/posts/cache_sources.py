"""Which public answers show a post. The read cache evicts them when the post is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from blogapi.cache.sources import FoundBy, PublicPart
from blogapi.paging.keyset import Selection
from blogapi.paging.page import Position
from blogapi.posts.audiences import LISTED_AS
from blogapi.posts.model import PublicFilter

# Of the fields of one's own, so much is remembered of a post.
_MOST_VALUES, _MOST_CHARACTERS = 20, 1000
POSTS = "posts"
ADDRESSES = "addresses"
TRANSLATIONS = "translations"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPlace:
    """Where a post stands among others: in which public lists, and under which slugs it is found."""

    id: str
    audience: str | None
    published_at: datetime | None
    slugs: frozenset[str]
    tags: frozenset[str]
    author_ids: frozenset[str]
    lang: str | None
    custom: frozenset[tuple[str, Any]] | None  # None: too much to remember
    featured: bool

    @property
    def found_by(self) -> Iterator[str]:
        """The ways in which it is found, as `uses` names them."""
        yield from (f"slug={slug}" for slug in self.slugs)
        if self.published_at is not None:
            yield from ("all", "any", f"lang={self.lang}")
            yield from (f"tag={tag}" for tag in self.tags)
            yield from (f"author={author_id}" for author_id in self.author_ids)


def place_of(post: Mapping[str, Any]) -> PostPlace | FoundBy:
    """The place of the post in a head document."""
    if "live_slugs" not in post:
        return FoundBy(("*",))  # removed for good, and nothing is left of what it was
    live = post.get("live") or {}
    _require_our_shape(post, live)
    return PostPlace(
        id=str(post["_id"]),
        audience=live.get("audience"),
        published_at=live["published_at"].replace(tzinfo=UTC) if "published_at" in live else None,
        slugs=frozenset([*post["live_slugs"], *([live["slug"]] if live else [])]),
        tags=frozenset(live.get("tags", ())),
        author_ids=frozenset([str(author["id"]) for author in live.get("authors", ())]),
        lang=live.get("lang"),
        custom=_values(live.get("custom") or {}),
        featured=bool(post.get("featured")),
    )


def _require_our_shape(post: Mapping[str, Any], live: Mapping[str, Any]) -> None:
    """Raises TypeError. The database finds a list by each value in it, and a text only as a whole."""
    lists = (post["live_slugs"], live.get("tags", []), live.get("authors", []))
    if not all(isinstance(value, list) for value in lists):
        raise TypeError("Slugs, tags and authors are lists.")
    if not all(isinstance(value, str | None) for value in (live.get("audience"), live.get("lang"))):
        raise TypeError("Audience and language are texts.")


PUBLIC_PART = PublicPart(
    fields=frozenset(
        {"live", "live_slugs", "status", "kind", "featured", "visibility", "comments_policy", "counters", "created_at"}
        | {"translation_group"}
    ),
    projection=dict.fromkeys(
        [
            *("live_slugs", "featured", "live.audience", "live.published_at", "live.slug", "live.tags", "live.lang"),
            *("live.authors.id", "live.custom"),
        ],
        1,
    ),
    place_of=place_of,
)


# An address leads to the same post until that is removed for good. What an answer shows of the post names the post.
PUBLIC_ADDRESSES = PublicPart(
    fields=frozenset({"post_id"}),
    projection={"post_id": 1},
    place_of=lambda _: FoundBy(()),
)

# Answers name the group, and all posts in it. Its `shown` is written when their heads name it, and only then is an
# answer made from the group as it is.
PUBLIC_GROUPS = PublicPart(
    fields=frozenset({"posts", "shown"}),
    projection={"version": 1},
    place_of=lambda _: FoundBy(()),
)


def selection_of(wanted: PublicFilter) -> Selection:
    """The posts that a list selects, so that the cache knows which of them a page would show."""
    return Selection(found=_selected_by(wanted), admits=partial(_admits, wanted))


def _admits(wanted: PublicFilter, after: Position | None, last: Position | None) -> Callable[[PostPlace], bool]:
    newest_first = wanted.newest_first
    start, end = _key(after), _key(last)
    listed = {LISTED_AS[kind] for kind in wanted.kinds}

    def admits(post: PostPlace) -> bool:
        if post.audience not in listed or not _is_wanted(wanted, post):
            return False
        key = (post.published_at, post.id)
        lower, upper = (end, start) if newest_first else (start, end)
        if newest_first:
            return (lower is None or key >= lower) and (upper is None or key < upper)
        return (lower is None or key > lower) and (upper is None or key <= upper)

    return admits


def _values(custom: Mapping[str, Any]) -> frozenset[tuple[str, Any]] | None:
    """What the database finds a post by: each value, and each in an array, but none that is deeper."""
    found = {
        (name, _typed(each))
        for name, value in custom.items()
        for each in (value if isinstance(value, list) else [value])
        if isinstance(each, str | int | float)
    }
    return frozenset(found) if len(found) <= _MOST_VALUES and len(str(found)) <= _MOST_CHARACTERS else None


def _typed(value: Any) -> tuple[bool, Any]:
    """To Python, true and 1 are the same; to the database they are not."""
    return isinstance(value, bool), value


def _has_any(post: PostPlace, name: str, values: Iterable[Any]) -> bool:
    return post.custom is None or any((name, _typed(value)) in post.custom for value in values)


def _key(position: Position | None) -> Any:
    return None if position is None else (position.value, position.id)


def _selected_by(wanted: PublicFilter) -> Iterable[str]:
    """The narrowest ways in which all posts of a selection are found."""
    if wanted.tags:
        return [f"tag={tag}" for tag in wanted.tags]
    if wanted.author_ids:
        return [f"author={author_id}" for author_id in wanted.author_ids]
    return [f"lang={lang}" for lang in wanted.langs] if wanted.langs else ["all"]


def _is_wanted(wanted: PublicFilter, post: PostPlace) -> bool:
    since = post.published_at
    return (
        since is not None
        and (not wanted.tags or not post.tags.isdisjoint(wanted.tags))
        and (not wanted.author_ids or not post.author_ids.isdisjoint(wanted.author_ids))
        and (not wanted.langs or post.lang in wanted.langs)
        and all(_has_any(post, name, values) for name, values in wanted.custom)
        and wanted.featured in (None, post.featured)
        and (wanted.published_from is None or since >= wanted.published_from)
        and (wanted.published_before is None or since < wanted.published_before)
    )
