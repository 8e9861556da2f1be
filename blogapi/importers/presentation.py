"""What a post is called and how it is shown: title, slug, excerpt, language, cover, what search engines are told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeGuard

from blogapi.importers.fit import one_line
from blogapi.importers.former import last_part
from blogapi.importers.frontmatter import as_flag, as_text, is_switch
from blogapi.importers.kramdown import GONE, without_kramdown_comments
from blogapi.importers.model import Unfit
from blogapi.importers.post_file import PostFile
from blogapi.importers.told import Told
from blogapi.posts.copies import MAX_SEO_DESCRIPTION, MAX_SEO_TITLE, Cover, Seo
from blogapi.text.language import language_tag
from blogapi.text.slug import slugify

# What `blogapi.web.fields.Url` takes; a test holds covers against the schema.
_MAX_URL = 2000
_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][^\s\\<>\"]*)?")
# Language, script, region: what blogs use of BCP 47.
_LANG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?")
# Lines above a first heading that no reader sees: comments, JavaScript, tags, attributes.
_UNSEEN = re.compile(r"[ \t]*(?:<!--[^<>]{0,500}-->|(?:import|export) .{0,500}|\{[%{:#].{0,500}\})[ \t]*")
_ATTRIBUTES = re.compile(r"[ \t]\{:? ?[#.][^{}]{0,200}\}\Z")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()]{0,500}\)")
_EMPHASIS = re.compile(r"(\*{1,3}|`{1,3})([^*`]{1,300})\1")
_LONGEST_BEGINNING = 4000
_COVERS = ("cover", "coverimage", "featuredimage", "heroimage", "image", "thumbnail", "banner")


def title_of(file: PostFile) -> str:
    """In one line; from the first heading or the name of the file where no field has it. Raises Unfit."""
    title = file.fields.take_text("title")
    if not title:
        title = _heading(_shown(file.document.body))
        origin = "the first heading" if title else "the name of the file"
        file.notes.append(f"the title is taken from {origin}")
    if not title:
        title = re.sub(r"[-_\s]+", " ", file.place.name).strip()
        title = title[:1].upper() + title[1:]
    if not (title := file.fit.title(title)):
        raise Unfit("it has no title, and nothing to make one from")
    return title


def _shown(body: str) -> str:
    """Without what a comment hides."""
    return without_kramdown_comments(body, Told(body))[0].replace(GONE, "")


def slug_of(file: PostFile, wanted: str | None, addresses: list[str]) -> str | None:
    """Made of what the file calls a slug, of its addresses or of its name; None where nothing suggests one."""
    for text in (wanted.strip("/").rpartition("/")[2] if wanted else "", *map(last_part, addresses)):
        if slug := slugify(text, fallback=""):
            return slug
    slug = slugify(file.place.name, fallback="")
    if slug and file.tongue.lang and not file.tongue.is_main:
        slug = slugify(f"{slug} {file.tongue.lang}")
    return slug or None


def excerpt_of(file: PostFile) -> str:
    """True and false say whether a page shows one."""
    names = ("excerpt", "summary", "description")
    return file.fields.take_text(*(name for name in names if not is_switch(file.fields.peek(name)))) or ""


def lang_of(file: PostFile) -> str | None:
    """As a tag of BCP 47; where no field says it, by the place of the file."""
    spellings = ("lang", "language", "locale")
    written = as_text(file.fields.peek(*spellings)) or ""
    lang = re.sub(r"\.utf-?8\Z", "", written, flags=re.IGNORECASE).replace("_", "-")
    if not _LANG.fullmatch(lang):
        if written:
            file.notes.append(f"the language {written[:60]!r} is not understood; it is in custom")
        return file.tongue.lang
    file.fields.take(*spellings)
    return language_tag(lang)


def cover_of(file: PostFile) -> Cover | None:
    """A picture on the web, by https; any other stays in `custom`."""
    value = file.fields.peek(*_COVERS)
    table: Mapping[str, object] = value if isinstance(value, Mapping) else {"url": value}
    found = ((key, as_text(table.get(key))) for key in ("url", "src", "path", "image"))
    key_of_url, url = next(((key, text) for key, text in found if text), ("", ""))
    if not _is_https(url):
        if url:
            file.notes.append(f"the cover {url!r} is no https address; it is in custom")
        return None
    file.fields.take(*_COVERS)
    alt, caption = (file.fit.caption(as_text(table.get(key)) or "", key) for key in ("alt", "caption"))
    told = (key_of_url, "alt", "caption")
    file.fit.keep("cover", {key: value for key, value in table.items() if key not in told})
    return Cover(url=url, alt=alt, caption=caption)


def seo_of(file: PostFile) -> Seo:
    """What is too long for its field stays in `custom`."""
    texts: dict[str, str] = {}
    for name, spellings, longest in (
        ("title", ("seotitle", "metatitle"), MAX_SEO_TITLE),
        ("description", ("seodescription", "metadescription"), MAX_SEO_DESCRIPTION),
    ):
        text = one_line(as_text(file.fields.peek(*spellings)) or "")
        if 0 < len(text) <= longest:
            texts[name] = text
            file.fields.take(*spellings)
    canonical = as_text(file.fields.peek("canonicalurl", "canonical"))
    if _is_https(canonical):
        file.fields.take("canonicalurl", "canonical")
    elif canonical:
        file.notes.append(f"the canonical address {canonical!r} is no https address; it is in custom")
        canonical = None
    noindex = as_flag(file.fields.peek("noindex"))
    if noindex is None:
        noindex = "noindex" in str(file.fields.peek("robots"))
    else:
        file.fields.take("noindex")
    return Seo(**texts, canonical_url=canonical, noindex=noindex)


def work_of(file: PostFile) -> str | None:
    """What the versions of one work in several languages have in common; also let it be known by a field."""
    key = as_text(file.fields.peek("translationkey"))
    if file.tongue.has_others:
        if key is None:
            file.fields.set("translation_key", file.tongue.work)
        file.notes.append("there is more than one language of it: they share custom.translation_key")
    if key is not None:
        return f"key {key}"
    return file.tongue.work if file.tongue.has_others else None


def _heading(body: str) -> str:
    """The text of a first-level heading that opens the body, or nothing. What nobody sees may stand before it."""
    lines = body.lstrip()[:_LONGEST_BEGINNING].splitlines()
    for number, line in enumerate(lines):
        if not line.strip() or _UNSEEN.fullmatch(line):
            continue
        following = lines[number + 1] if number + 1 < len(lines) else ""
        title = line.strip().removeprefix("# ") if line.lstrip().startswith("# ") else ""
        if not title and following.startswith("=") and not following.strip().strip("="):
            title = line
        title = _ATTRIBUTES.sub("", title).strip()
        without_closing = title.rstrip("#")
        title = without_closing if without_closing[-1:].isspace() else title
        return _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", title)).strip()
    return ""


def _is_https(text: str | None) -> TypeGuard[str]:
    return text is not None and len(text) <= _MAX_URL and _HTTPS.fullmatch(text) is not None
