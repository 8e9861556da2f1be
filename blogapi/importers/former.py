"""Where a post stood before, by its own account and by the patterns of its site, and what of that can redirect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from blogapi.importers import addresses as old
from blogapi.importers.frontmatter import as_text
from blogapi.importers.post_file import PostFile
from blogapi.text.address import normal_address
from blogapi.text.slug import RESERVED_SLUGS, is_slug

# Patterns that make addresses, and Jekyll's names for a few of them.
_PATTERN = re.compile(r"(?:.*/)?:\w.*|.*[{}].*|pretty|date|ordinal|weekdate|none")
_LONGEST_PATTERN = 300
_HEXO = ":year/:month/:day/:title/"
_DOCUSAURUS = "/:section/:year/:month/:day/:title"
_PAGE_ENDING = re.compile(r"\.(?:html?|md|php|aspx?)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """Where a post stood: `urls` as they were written, the rest as in `Entry`."""

    slugs: tuple[str, ...]
    urls: tuple[str, ...]
    addresses: tuple[str, ...]
    places: tuple[str, ...]


def stated_addresses(file: PostFile) -> list[str]:
    """Where the post was by its own account, where that is an address and not a pattern or a link elsewhere."""
    addresses = []
    for name in ("path", "permalink", "url"):
        value = file.fields.peek(name)
        if isinstance(value, str) and not _PATTERN.fullmatch(value) and (name != "url" or "://" not in value):
            addresses.append(value)
            file.fields.take(name)
    return addresses


def former_of(file: PostFile, stated: list[str], standing: old.Standing, *, slug: str | None, is_draft: bool) -> Former:
    """All of it: `stated` in words, by a pattern, by aliases, and by the place of the file."""
    addresses = stated or ([] if is_draft else _from_patterns(file, standing))
    aliases = _aliases(file)
    urls = tuple(dict.fromkeys([*addresses, *aliases]))
    stood = [*addresses, *(url for alias in aliases for url in old.from_alias(alias, standing))]
    is_placed = not (is_draft or stated or file.place.is_dated_post)
    return Former(
        slugs=_legal_slugs(urls, besides=slug),
        urls=urls,
        addresses=_kept(file, [*stood, *old.of_wordpress(file.values)]),
        places=old.kept(old.places(standing), file.blog.site) if is_placed else (),
    )


def standing_of(file: PostFile, slug: str | None, date: datetime | None, categories: Sequence[str]) -> old.Standing:
    """What of the post its address was made from."""
    folders = PurePosixPath(file.path).parent.parts
    is_bundle = file.tongue.name == "index"
    return old.Standing(
        root=file.blog.root,
        folders=folders[:-1] if is_bundle else folders,
        stem=(folders[-1] if folders else "") if is_bundle else file.tongue.name,
        name=file.place.name,
        slug=slug.strip("/") if slug else None,
        title=as_text(file.fields.peek("title")) or "",
        date=_in_its_zone(file, date),
        tongue=file.tongue,
        categories=(*file.place.folders_above, *categories[len(file.place.categories) :]),
        is_hexo=file.blog.site.kind == "hexo",
    )


def _in_its_zone(file: PostFile, date: datetime | None) -> datetime | None:
    """The date as the site saw it; a day without a time is the same everywhere."""
    zone = file.blog.site.zone
    is_day = date is None or date.timetz() == time(tzinfo=UTC)
    return date if is_day or zone is UTC or date is None else date.astimezone(zone)


def _from_patterns(file: PostFile, standing: old.Standing) -> list[str]:
    """The address that the first pattern makes that can; for a main language with and without its name."""
    for pattern, has_language in _patterns(file, standing):
        if address := old.from_pattern(pattern, standing):
            # Which language has no prefix is the site's choice.
            languages = standing.languages if standing.tongue.is_main else standing.languages[:1]
            return [f"{language}{address}" for language in (languages if has_language else [""])]
    return []


def _patterns(file: PostFile, standing: old.Standing) -> Iterator[tuple[str, bool]]:
    """The file's own pattern, the site's, or its generator's, and whether a language may stand before it."""
    for own in (file.fields.peek("permalink"), file.inherits("permalink")):
        if isinstance(own, str) and len(own) <= _LONGEST_PATTERN and _PATTERN.fullmatch(own):
            yield own, False
    site = file.blog.site
    is_dated = file.place.is_dated_post and standing.date is not None
    is_jekyll = is_dated or site.kind in ("jekyll", "hexo")
    if pattern := site.permalink(standing.section, is_jekyll=is_jekyll):
        yield pattern, not is_jekyll
    if site.kind == "hexo":
        yield _HEXO, False
    elif is_dated:
        yield "date", False
    elif site.kind == "docusaurus" and file.place.day and not standing.slug:
        yield _DOCUSAURUS, True


def _kept(file: PostFile, urls: list[str]) -> tuple[str, ...]:
    for url in dict.fromkeys(urls):
        if normal_address(url) is None:
            file.notes.append(f"its former address {url[:200]!r} names no page of its own and is not kept")
    return old.kept(urls, file.blog.site)


def _aliases(file: PostFile) -> list[str]:
    spellings = ("aliases", "alias", "redirectfrom")
    return [url for name in spellings for url in file.names(file.fields.take(name), name)]


def last_part(url: str) -> str:
    """`title` in `https://blog.example/2024/title.html?x`, in `/title/` and in `title/index.html`."""
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return ""
    parts = [part for part in path.split("/") if part]
    if len(parts) > 1 and _PAGE_ENDING.sub("", parts[-1]) == "index":
        parts.pop()
    return _PAGE_ENDING.sub("", parts[-1]) if parts else ""


def _legal_slugs(urls: tuple[str, ...], *, besides: str | None) -> tuple[str, ...]:
    # Whatever its capitals were: the look-up does not tell them apart either.
    parts = dict.fromkeys(last_part(url).lower() for url in urls)
    return tuple(part for part in parts if is_slug(part) and part not in RESERVED_SLUGS and part != besides)
