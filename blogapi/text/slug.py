"""Slugs: the part of an address that people read."""

import re

from slugify import slugify as transliterate

MAX_SLUG = 120

# First path segments that a front end is likely to give to pages of its own.
RESERVED_SLUGS = frozenset((
    "admin", "api", "archive", "archives", "assets", "atom", "auth", "author", "authors", "by-slug", "categories",
    "category", "comments", "conduit", "dashboard", "docs", "draft", "drafts", "edit", "favicon", "feed", "feeds",
    "graphql", "healthz", "home", "images", "index", "login", "logout", "me", "media", "metrics", "new", "null",
    "page", "pages", "post", "posts", "preview", "profile", "readyz", "register", "robots", "rss", "search",
    "settings", "sign-in", "sign-out", "sign-up", "signin", "signout", "signup", "sitemap", "static", "studio",
    "tag", "tags", "trash", "undefined", "upload", "uploads", "user", "users", "v1", "v2", "www",
))  # fmt: skip

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,118}[a-z0-9])?")
_APOSTROPHES = re.compile("['’ʼ]")


def slugify(title: str, *, fallback: str = "untitled") -> str:
    """Make a slug that is valid and not reserved; `fallback` is for a title without letters or digits."""
    slug = ascii_words(title, MAX_SLUG) or fallback
    return f"{slug}-post" if slug in RESERVED_SLUGS else slug


def is_slug(value: object) -> bool:
    """Whether a value has the form of a slug; a reserved word has it too."""
    return isinstance(value, str) and _SLUG.fullmatch(value) is not None


def with_suffix(slug: str, n: int) -> str:
    """Append `-n` to a slug, shortening it where the whole would be too long."""
    suffix = f"-{n}"
    return slug[: MAX_SLUG - len(suffix)].rstrip("-") + suffix


def ascii_words(text: str, limit: int) -> str:
    """Transliterate to words of `a-z 0-9` joined by hyphens, cut at a word; may be empty."""
    # One letter can become several, so far more than `limit` is enough to fill it, and a huge text stays cheap.
    text = _APOSTROPHES.sub("", text[: 10 * limit])
    # The text is plain: "&amp;" in it is what somebody typed, not an entity.
    words = transliterate(text, entities=False, decimal=False, hexadecimal=False, backend="text-unidecode")
    if len(words) <= limit:
        return words
    whole = words[: limit + 1].rpartition("-")[0]
    return whole if len(whole) > limit // 2 else words[:limit].rstrip("-")
