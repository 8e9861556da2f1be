"""Where a post stood in its old blog, as far as its place, its front matter and the site's patterns tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from blogapi.importers.languages import Tongue
from blogapi.importers.site import Site
from blogapi.text.address import normal_address
from blogapi.text.slug import ascii_words

# Where generators keep what becomes pages: no part of an address.
_CONTENT = ("src", "content", "pages", "source", "site", "input", "data", "collections")
_INNER_CONTENT = ("content", "pages", "source", "src")
# Folders that are imported by themselves and that usually are a part of the address.
_SECTIONS = frozenset({"articles", "blog", "news", "notes", "post", "posts", "writing"})
# Jekyll's patterns that have a name, and what stands in `{}` for Hexo and Jekyll alike.
_STYLES = {
    "date": "/:categories/:year/:month/:day/:title.html",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title.html",
    "weekdate": "/:categories/:year/W:week/:short_day/:title.html",
    "none": "/:categories/:title.html",
}
_PLACEHOLDER = re.compile(r":([a-z_]+)|\{\{-? ?([a-zA-Z_.]{1,30})( ?\| ?slug(?:ify)?)? ?-?\}\}")
_NOT_IN_TITLE = re.compile(r"[^\w.~!$&'()+,;=@-]+")
_ABSOLUTE = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*:")
_LONGEST_NAME = 300
# Fields in which exports say where the post was.
_FORMER = frozenset({"guid", "wordpressurl", "wordpresslink", "originalurl", "oldurl", "oldpermalink"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What of a post its address was made from.

    `folders` lead from the imported folder down to the file, or to its bundle; `stem` is the name of the file without
    its language, or of the bundle, and `name` the same without a date.
    """

    root: Path
    folders: tuple[str, ...]
    stem: str
    name: str
    tongue: Tongue
    slug: str | None = None
    title: str = ""
    date: datetime | None = None
    categories: tuple[str, ...] = ()
    is_hexo: bool = False  # to which the folders below `_posts` belong to the title

    @property
    def sections(self) -> tuple[str, ...]:
        """The folders that are a part of the address in every language."""
        return _public([folder for folder in _within(self.folders) if folder != self.tongue.folder])

    @property
    def section(self) -> str:
        """The first of them."""
        return next(iter(self.sections), "")

    @property
    def languages(self) -> tuple[str, ...]:
        """What may open its address, for its language: the likeliest first."""
        if not self.tongue.lang:
            return ("",)
        prefix = f"/{self.tongue.lang.lower()}"
        if not self.tongue.is_main:
            return (prefix,)
        # Which language has no prefix is the site's choice; most have none for the main one of several.
        return ("", prefix) if self.tongue.has_others else (prefix, "")


def from_pattern(pattern: str, post: Standing) -> str | None:
    """The address that a generator's pattern makes; None where the pattern asks for what is not known."""
    pattern = _STYLES.get(pattern.strip(), pattern)
    values, missing = _values(post), []

    def fill(found: re.Match[str]) -> str:
        key = found[1] or f"{found[2]}{' | slugify' if found[3] else ''}"
        if key not in values:
            missing.append(key)
        return values.get(key, "")

    filled = _PLACEHOLDER.sub(fill, pattern)
    return None if missing or not {"{", "["}.isdisjoint(filled) else re.sub("/+", "/", f"/{filled}")


def places(post: Standing) -> tuple[str, ...]:
    """Where generators that follow the folders put the post, the likeliest first."""
    names, public = _names(post), post.sections
    prefixes = [_around(post.root) + public]
    is_whole = bool(post.folders) and post.folders[0].lower() in (*_CONTENT, "_posts")
    if prefixes[0] == public and post.root.name.lower() in _SECTIONS and not is_whole:
        prefixes.append((post.root.name, *public))
    whole = _public([folder for folder in post.folders if folder != post.tongue.folder])
    if whole != public:
        prefixes.append(whole)
    found = ["/" + "/".join([*prefix, name]) for prefix in prefixes for name in names]
    found += ["/" + "/".join([*(ascii_words(part, 100) or part for part in prefixes[0]), *names[-1:]])]
    found = [language + place for language in post.languages for place in found]
    if post.tongue.folder:  # deeper than where languages usually are, it may stay there
        found += ["/" + "/".join([*_around(post.root), *_public(post.folders), name]) for name in names]
    return tuple(dict.fromkeys(found))


def kept(urls: Iterable[str], site: Site) -> tuple[str, ...]:
    """The normal form of addresses, with and without the path under which the site stood, of those that name a post."""
    found: dict[str, None] = {}
    for url in urls:
        if address := normal_address(url):
            found[address] = None
            base = normal_address(site.base) if site.base else None
            if base and not (address + "/").startswith(base + "/") and (longer := normal_address(base + address)):
                found[longer] = None
    return tuple(found)


def from_alias(alias: str, post: Standing) -> tuple[str, ...]:
    """A former address as it was given. What does not begin at the root may be meant from the post's folder."""
    if _ABSOLUTE.match(alias):
        return (alias,)
    beside = "/" + "/".join([*_around(post.root), *_public(post.folders), alias])
    return (beside,) if alias.startswith("..") else (f"/{alias}", beside)


def of_wordpress(fields: Mapping[str, object]) -> tuple[str, ...]:
    """The short addresses that WordPress gives to all of its posts: `/?p=123`."""
    found = []
    for key, value in fields.items():
        name = re.sub(r"[-_ ]", "", key).lower()
        if name in ("wordpressid", "wpid", "wppostid", "postid") and re.fullmatch(r"[0-9]{1,12}", str(value)):
            found += [f"/?p={value}", f"/?page_id={value}"]
        elif name in _FORMER and isinstance(value, str) and value.startswith(("http://", "https://", "/")):
            found.append(value)
    return tuple(found)


def _public(folders: Sequence[str]) -> tuple[str, ...]:
    """Without the folders that are no part of an address."""
    rest = list(folders)
    while rest and rest[0].lower() in _CONTENT:
        rest.pop(0)
    if rest and rest[0] == "i18n":  # of Docusaurus
        rest.pop(0)
    rest = [part.removeprefix("docusaurus-plugin-content-") for part in rest]
    return tuple(part.lstrip("_") for part in rest if part not in ("_posts", "_drafts"))


def _within(folders: Sequence[str]) -> Sequence[str]:
    """The folders below the innermost one that holds content: a site can lie deep in a folder with several programs."""
    inner = [at for at, folder in enumerate(folders) if folder in _INNER_CONTENT]
    return folders[inner[-1] + 1 :] if inner else folders


def _around(root: Path) -> tuple[str, ...]:
    """The folders between a content folder and the imported one inside it."""
    near = root.parts[-3:]
    inner = [index for index, part in enumerate(near) if part in ("content", "pages", "source")]
    return tuple(part for part in near[inner[-1] + 1 :] if part not in ("_posts", "_drafts")) if inner else ()


def _names(post: Standing) -> list[str]:
    if post.slug:
        return [post.slug]
    names = [post.stem, post.name]
    names += [words for name in names if (words := ascii_words(name, _LONGEST_NAME))]
    return list(dict.fromkeys(filter(None, names)))


def _values(post: Standing) -> dict[str, str]:
    name = _NOT_IN_TITLE.sub("-", post.name)[:_LONGEST_NAME]
    title = _NOT_IN_TITLE.sub("-", post.slug or post.name)[:_LONGEST_NAME]
    words = ascii_words(post.title, _LONGEST_NAME)
    path = "/".join([*_public(post.folders), name])
    categories = "/".join(map(str.lower, post.categories))
    values = {
        "title": path if post.is_hexo and not post.slug else title,
        "slug": ascii_words(post.slug or post.name, _LONGEST_NAME) or title,
        "name": name,
        "post_title": words,
        "path": path,
        "basename": name,
        "categories": categories,
        "category": categories,
        "slugified_categories": "/".join(ascii_words(each, 100) for each in post.categories),
        "collection": post.section,
        "output_ext": ".html",
        "section": post.section,
        "sections": "/".join(post.sections),
        "filename": name,
        "contentbasename": name,
        "slugorfilename": post.slug or name,
        "slugorcontentbasename": post.slug or name,
        "page.fileSlug": post.name,
        "page.fileSlug | slugify": ascii_words(post.name, _LONGEST_NAME),
        "slug | slugify": ascii_words(post.slug or post.name, _LONGEST_NAME),
        "title | slugify": words,
    }
    return {**values, **(_of_date(post.date) if post.date else {})}


def _of_date(date: datetime) -> dict[str, str]:
    iso = date.isocalendar()
    return {
        "year": f"{date:%Y}",
        "short_year": f"{date:%y}",
        "month": f"{date:%m}",
        "i_month": str(date.month),
        "short_month": f"{date:%b}",
        "long_month": f"{date:%B}",
        "monthname": f"{date:%B}",
        "day": f"{date:%d}",
        "i_day": str(date.day),
        "y_day": f"{date:%j}",
        "yearday": str(date.timetuple().tm_yday),
        "short_day": f"{date:%a}",
        "long_day": f"{date:%A}",
        "weekday": str(date.isoweekday() % 7),
        "weekdayname": f"{date:%A}",
        "w_day": str(iso.weekday),
        "w_year": str(iso.year),
        "week": f"{iso.week:02}",
        "hour": f"{date:%H}",
        "minute": f"{date:%M}",
        "second": f"{date:%S}",
    }
