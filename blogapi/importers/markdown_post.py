"""What one Markdown file says about its post: in its front matter, by its place in the folder, and in its body."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TypeGuard
from urllib.parse import unquote, urlsplit

from blogapi.importers import addresses as old
from blogapi.importers import links, mdx, templates
from blogapi.importers.access import Access, hiding_place, read_access, without_secrets
from blogapi.importers.blog import Blog
from blogapi.importers.dates import date_in_name, date_in_path, looks_like_a_date, read_date, to_utc
from blogapi.importers.fit import Fit, one_line
from blogapi.importers.frontmatter import Document, Fields, as_flag, as_text, is_switch
from blogapi.importers.languages import Tongue
from blogapi.importers.layout import SUFFIXES, no_post
from blogapi.importers.model import Entry, Skipped, Unfit
from blogapi.importers.names import categories_in, people_in
from blogapi.posts.model import (
    MAX_BODY_BYTES,
    MAX_SEO_DESCRIPTION,
    MAX_SEO_TITLE,
    Cover,
    Seo,
)
from blogapi.text.address import normal_address
from blogapi.text.language import language_tag
from blogapi.text.slug import RESERVED_SLUGS, is_slug, slugify

# What `blogapi.web.fields.Url` takes; a test holds covers against the schema.
_MAX_URL = 2000
_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][^\s\\<>\"]*)?")
# Language, script, region: what blogs use of BCP 47.
_LANG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?")
# Patterns that make addresses, and Jekyll's names for a few of them.
_PATTERN = re.compile(r"(?:.*/)?:\w.*|.*[{}].*|pretty|date|ordinal|weekdate|none")
_HEXO = ":year/:month/:day/:title/"
_PAGE_ENDING = re.compile(r"\.(?:html?|md|php|aspx?)\Z", re.IGNORECASE)
# No part can run over a bracket or white space, so this reads the body once.
_TARGET = re.compile(r"""(?:\]\([ \t]{0,3}<?|\]:[ \t]{0,3}<?|(?:src|href)=["']?)([^\s<>()\[\]"']+)""")
_LIST_MARK = re.compile(r"[,;]")
_LEVEL = re.compile(r"[>»→]")
# Tables in which generators keep fields of their users.
_TABLES = ("taxonomies", "extra", "params")
_DATES = ("date", "publishedat", "publishdate", "pubdate", "datepublished", "published")
# Each is looked up in the front matter: enough for people, and no work without end.
_MAX_NOTES = 100
_COVERS = ("cover", "coverimage", "featuredimage", "heroimage", "image", "thumbnail", "banner")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What the path of a file says about the post in it."""

    folders: tuple[str, ...]  # from the imported folder, included, down to the file
    name: str  # without date and ending; of the folder if the file is the index of a page bundle
    day: str | None
    language_folder: str | None
    is_jekyll: bool

    @classmethod
    def of(cls, root: Path, file: str, tongue: Tongue) -> _Place:
        folders = PurePosixPath(file).parent.parts
        is_bundle = tongue.name == "index"
        day, name = date_in_name((folders[-1] if folders else "") if is_bundle else tongue.name)
        return cls(
            folders=(root.name, *folders),
            name=name,
            day=day or date_in_path("".join(f"{folder}/" for folder in folders)),
            language_folder=tongue.folder,
            # Who keeps posts as Jekyll does has its tags in them, too.
            is_jekyll=not {"_posts", "_drafts"}.isdisjoint((root.name, *folders)) or bool(day and not is_bundle),
        )

    @property
    def is_dated_post(self) -> bool:
        """Whether Jekyll's default address was made of categories, date and name."""
        return "_posts" in self.folders and self.day is not None

    @property
    def categories(self) -> list[str]:
        """To Jekyll the folders above `_posts` are categories, but for those that hold languages."""
        above = self.folders[1 : self.folders.index("_posts")] if "_posts" in self.folders[1:] else ()
        return [folder for folder in above if not folder.startswith("_") and folder != self.language_folder]


def read_post(document: Document, blog: Blog, file: str, *, source: str) -> Entry | Skipped:
    """The post in a file, or why it is none. Raises Unfit when something in it cannot be understood or kept."""
    return _Reading(document, blog, file).result(source)


class _Reading:
    """Takes one field after the other out of the front matter; what is left in the end is `custom`."""

    def __init__(self, document: Document, blog: Blog, file: str) -> None:
        self._document, self._blog, self._root, self._file = document, blog, blog.root, file
        self._tongue = blog.languages.of(file)
        self._place = _Place.of(blog.root, file, self._tongue)
        self._values, self._is_locked = without_secrets(document.values)
        self._access = read_access(self._values)
        self._inherited = blog.inherited.of(file)
        self._fields, self._fit = Fields(self._values), Fit()

    def result(self, source: str) -> Entry | Skipped:
        reasons = self._reasons()
        is_page, is_draft = self._is_page(), bool(reasons)
        if reasons:
            self._fit.notes.append(f"not for everybody where it comes from, so it is a draft: {'; '.join(reasons)}")
        self._take_flags()
        addresses = self._addresses()
        date = self._date(addresses, is_draft)
        if reason := no_post(self._file, is_dated=date is not None, is_draft=is_draft):
            return Skipped(file=self._file, reason=reason)
        if date is None and not is_draft:
            if is_page:
                return Skipped(file=self._file, reason="a page with a template of its own and no date")
            self._fit.notes.append("no date found, so it is a draft")
            is_draft = True
        wanted = self._fields.take_text("slug")
        slug = self._slug(wanted, addresses)
        tables = {name: self._fields.inside(name) for name in _TABLES}
        taxonomies = tables["taxonomies"]
        categories = [*self._place.categories, *self._labels(self._fields, "categories", "category")]
        categories += self._labels(taxonomies, "categories", "category")
        tags = [*self._labels(self._fields, "tags", "tag"), *self._labels(taxonomies, "tags", "tag"), *categories]
        authors = [name for fields in (self._fields, *tables.values()) for name in self._bylines(fields)]
        for name, fields in tables.items():
            self._fields.put_back(name, fields)
        standing = self._standing(wanted, date, categories)
        is_told = bool(addresses)
        if not (is_told or is_draft):
            addresses = self._from_patterns(standing)
        aliases = self._aliases()
        former_urls = tuple(dict.fromkeys([*addresses, *aliases]))
        stood = [*addresses, *(url for alias in aliases for url in old.from_alias(alias, standing))]
        is_placed = not (is_draft or is_told or self._place.is_dated_post)
        body = self._body()
        self._note_translations()
        access = self._whole_access()
        return Entry(
            source=source,
            path=self._file,
            title=self._title(),
            body=body,
            body_format="markdown",
            slug=slug,
            former_slugs=_legal_slugs(former_urls, besides=slug),
            former_urls=former_urls,
            addresses=self._kept([*stood, *old.of_wordpress(self._values)]),
            places=old.kept(old.places(standing), self._blog.site) if is_placed else (),
            published_at=to_utc(date) if date else None,
            is_draft=is_draft,
            opens_at=access.opens_at,
            closes_at=access.closes_at,
            authors=self._fit.authors(authors),
            tags=self._fit.tags(tags),
            excerpt=self._fit.excerpt(self._excerpt()),
            lang=self._lang(),
            cover=self._cover(),
            seo=self._seo(),
            custom=self._custom(),
            notes=tuple(self._fit.notes),
        )

    def _reasons(self) -> list[str]:
        """Why not everybody may read it where it comes from."""
        reasons = ["a password, which is left out"] if self._is_locked else []
        reasons += self._access.reasons
        if place := hiding_place(self._file, self._root.name):
            reasons.append(place)
        for item in self._inherited:
            values, is_locked = without_secrets(item.values)
            reasons += [f"a password in {item.file}"] if is_locked and not item.of_section else []
            reasons += [f"{reason} ({item.file})" for reason in read_access(values, of_section=item.of_section).reasons]
        return reasons

    def _whole_access(self) -> Access:
        every = [self._access, *(read_access(item.values, of_section=item.of_section) for item in self._inherited)]
        return Access(
            opens_at=max((access.opens_at for access in every if access.opens_at), default=None),
            closes_at=min((access.closes_at for access in every if access.closes_at), default=None),
        )

    def _take_flags(self) -> None:
        """Whether it is a draft is said by its status here."""
        self._fields.take("draft")
        if as_flag(self._fields.peek("published")) is not None:  # else it is a date
            self._fields.take("published")

    def _is_page(self) -> bool:
        """Whether it asks for another template than posts have. Only undated files do not want to be posts by that."""
        template = str(self._fields.peek("template", "layout") or "post").lower()
        return self._fields.peek("type") == "page" or not any(word in template for word in ("post", "article", "blog"))

    def _addresses(self) -> list[str]:
        """Where the post was by its own account, where that is an address and not a pattern or a link elsewhere."""
        addresses = []
        for name in ("path", "permalink", "url"):
            value = self._fields.peek(name)
            if isinstance(value, str) and not _PATTERN.fullmatch(value) and (name != "url" or "://" not in value):
                addresses.append(value)
                self._fields.take(name)
        return addresses

    def _standing(self, slug: str | None, date: datetime | None, categories: list[str]) -> old.Standing:
        folders = PurePosixPath(self._file).parent.parts
        is_bundle = self._tongue.name == "index"
        return old.Standing(
            root=self._root,
            folders=folders[:-1] if is_bundle else folders,
            stem=(folders[-1] if folders else "") if is_bundle else self._tongue.name,
            name=self._place.name,
            slug=slug.strip("/") if slug else None,
            title=as_text(self._fields.peek("title")) or "",
            date=date,
            tongue=self._tongue,
            categories=tuple(categories),
            is_hexo=self._blog.site.kind == "hexo",
        )

    def _from_patterns(self, standing: old.Standing) -> list[str]:
        """The address that the file's own pattern makes, or the site's, or that of dated posts in Jekyll."""
        site, own = self._blog.site, self._fields.peek("permalink")
        is_dated = self._place.is_dated_post and standing.date is not None
        is_jekyll = is_dated or site.kind in ("jekyll", "hexo")
        default = _HEXO if site.kind == "hexo" else "date" if is_dated else None
        patterns = [
            (own if isinstance(own, str) else None, ""),
            (site.permalink(standing.section, is_jekyll=is_jekyll), "" if is_jekyll else standing.languages[0]),
            (default, ""),
        ]
        found = [(old.from_pattern(pattern, standing), language) for pattern, language in patterns if pattern]
        return [language + address for address, language in found if address][:1]

    def _kept(self, urls: list[str]) -> tuple[str, ...]:
        for url in dict.fromkeys(urls):
            if normal_address(url) is None:
                self._fit.notes.append(f"its former address {url[:200]!r} names no page of its own and is not kept")
        return old.kept(urls, self._blog.site)

    def _date(self, addresses: list[str], is_draft: bool) -> datetime | None:
        """What cannot be read refuses a post, and stays beside a draft as the text that it is."""
        name = self._fields.spelling(*_DATES)
        written = self._fields.take(*_DATES)
        where = "the name of the file" if name is None else f"{name} (line {self._document.line_of(name)})"
        if written is None:
            days = [*map(date_in_path, addresses), self._place.day]
            written = next(filter(None, days), None)
        if written is None:
            return None
        try:
            date, odd = read_date(written)
        except Unfit as error:
            if not is_draft:
                raise Unfit(f"{where}: {error}") from error
            self._fit.notes.append(f"{where}: {error}, so it has none")
            if name is not None:
                self._fields.set(name, written)
            return None
        if odd:
            self._fit.notes.append(f"{where}: of the date {written!r} the part {odd!r} is not understood")
        return date

    def _custom(self) -> dict[str, object]:
        """What nobody took. A day in it that cannot be stays the text that it is."""
        rest = self._fields.rest()
        self._note_impossible_days(rest, "")
        return self._fit.custom(rest)

    def _note_impossible_days(self, value: object, where: str) -> None:
        if len(self._fit.notes) > _MAX_NOTES:
            return
        if isinstance(value, Mapping):
            for key, inner in value.items():
                self._note_impossible_days(inner, f"{where}.{key}" if where else key)
        elif isinstance(value, list):
            for item in value:
                self._note_impossible_days(item, where)
        elif looks_like_a_date(value):
            try:
                read_date(value)
            except Unfit as error:
                self._fit.notes.append(f"{where} (line {self._document.line_of(where)}): {error}; it stays as text")

    def _excerpt(self) -> str:
        """True and false say whether a page shows one."""
        names = ("excerpt", "summary", "description")
        return self._fields.take_text(*(name for name in names if not is_switch(self._fields.peek(name)))) or ""

    def _note_translations(self) -> None:
        if self._tongue.has_others:
            if self._fields.peek("translationkey") is None:
                self._fields.set("translation_key", self._tongue.work)
            self._fit.notes.append("there is more than one language of it: they share custom.translation_key")

    def _title(self) -> str:
        title = self._fields.take_text("title")
        if not title:
            title = _heading(self._document.body)
            origin = "the first heading" if title else "the name of the file"
            self._fit.notes.append(f"the title is taken from {origin}")
        if not title:
            title = re.sub(r"[-_\s]+", " ", self._place.name).strip()
            title = title[:1].upper() + title[1:]
        if not (title := self._fit.title(title)):
            raise Unfit("it has no title, and nothing to make one from")
        return title

    def _slug(self, wanted: str | None, addresses: list[str]) -> str | None:
        for text in (wanted.strip("/").rpartition("/")[2] if wanted else "", *map(_last_part, addresses)):
            if slug := slugify(text, fallback=""):
                return slug
        slug = slugify(self._place.name, fallback="")
        if slug and self._tongue.lang and not self._tongue.is_main:
            slug = slugify(f"{slug} {self._tongue.lang}")
        return slug or None

    def _labels(self, fields: Fields, plural: str, singular: str) -> list[str]:
        """Text in the plural field is a list, by commas or, in YAML, by spaces; in the singular field by commas."""
        labels: list[str] = []
        for name in (plural, singular):
            if is_switch(fields.peek(name)):
                continue
            value = fields.take(name)
            if isinstance(value, str):
                is_by_spaces = name == plural and self._document.syntax == "yaml" and not _LEVEL.search(value)
                value = (
                    _LIST_MARK.split(value) if _LIST_MARK.search(value) else value.split() if is_by_spaces else [value]
                )
            labels += self._categories(value, name) if "categor" in name else self._names(_flat(value), name)
        return labels

    def _categories(self, value: object, what: str) -> list[str]:
        found = list(categories_in(value))
        if any(is_nested for _, is_nested in found):
            self._fit.notes.append(f"nested {what} are tags beside each other: {', '.join(name for name, _ in found)}")
        return [name for name, _ in found]

    def _bylines(self, fields: Fields) -> list[str]:
        """People, one by one, also those whom one text names together."""
        names: list[str] = []
        for field in ("authors", "author", "bylines", "byline"):
            if is_switch(fields.peek(field)):
                continue
            value = fields.take(field)
            for text in self._names(value, field):
                people = people_in(text, is_plural=isinstance(value, str) and field.endswith("s"))
                if len(people) > 1:
                    # A mail address that stands there is public nowhere.
                    whom = "" if "@" in text else f": {'; '.join(people)}"
                    self._fit.notes.append(f"a text of {field} names {len(people)} people{whom}")
                names += people
        return names

    def _names(self, value: object, what: str) -> list[str]:
        """The texts in a text or a list of texts; of tables the names."""
        names = []
        for item in value if isinstance(value, list) else [] if value is None else [value]:
            if isinstance(item, Mapping):
                self._fit.notes.append(f"of what {what} tells only names are kept")
                item = next((item[key] for key in ("name", "title") if key in item), None)
            name = as_text(item)
            if name:
                names.append(name)
            elif item != "":
                self._fit.notes.append(f"a value of {what} that is no text is left out")
        return names

    def _aliases(self) -> list[str]:
        spellings = ("aliases", "alias", "redirectfrom")
        return [url for name in spellings for url in self._names(self._fields.take(name), name)]

    def _body(self) -> str:
        body = self._document.body
        if "\0" in body:
            raise Unfit("the body has a NUL character")
        line = self._document.line
        body, linked = links.to_posts(body, self._blog, self._file, line)
        if PurePosixPath(self._file).suffix.lower() == ".mdx":
            body, translated = mdx.to_markdown(body, line)
        else:
            body, translated = templates.to_markdown(body, self._dialect(), line)
        self._fit.notes += [*linked, *translated]
        if len(body.encode()) > MAX_BODY_BYTES:
            raise Unfit(f"the body is larger than {MAX_BODY_BYTES // 1024} KiB")
        if files := self._linked_files(body):
            self._fit.notes.append(f"files that it links to are not imported: {', '.join(files)}")
        return body

    def _dialect(self) -> templates.Dialect:
        """By the generator's name where the site tells it, else by how the file is kept."""
        kind, syntax = self._blog.site.kind, self._document.syntax
        is_liquid = kind in templates.TEMPLATED or (self._place.is_jekyll and syntax == "yaml" and kind == "")
        return templates.Dialect(
            liquid=is_liquid,
            guess=kind == "" and syntax != "toml",
            zola=kind == "zola" or (kind == "" and syntax == "toml"),
            page=self._values,
            site=self._blog.site.values,
            refer=lambda tag, target: links.refer(tag, target, self._blog, self._file),
        )

    def _linked_files(self, body: str) -> list[str]:
        """Pictures and the like that lie in the folder and that relative links point at."""
        here = (self._root / self._file).parent
        targets = sorted({unquote(target.partition("#")[0]) for target in _TARGET.findall(body)})
        return [
            target
            for target in targets
            if not target.lower().endswith(SUFFIXES)
            and Path(os.path.normpath(here / target)).is_relative_to(self._root)
            and os.path.isfile(here / target)
        ]

    def _lang(self) -> str | None:
        spellings = ("lang", "language", "locale")
        written = as_text(self._fields.peek(*spellings)) or ""
        lang = written.replace("_", "-")
        if not _LANG.fullmatch(lang):
            if written:
                self._fit.notes.append(f"the language {written[:60]!r} is not understood; it is in custom")
            return self._tongue.lang
        self._fields.take(*spellings)
        return language_tag(lang)

    def _cover(self) -> Cover | None:
        """A picture on the web, by https; any other stays in `custom`."""
        value = self._fields.peek(*_COVERS)
        table: Mapping[str, object] = value if isinstance(value, Mapping) else {"url": value}
        found = ((key, as_text(table.get(key))) for key in ("url", "src", "path", "image"))
        key_of_url, url = next(((key, text) for key, text in found if text), ("", ""))
        if not _is_https(url):
            if url:
                self._fit.notes.append(f"the cover {url!r} is no https address; it is in custom")
            return None
        self._fields.take(*_COVERS)
        alt, caption = (self._fit.caption(as_text(table.get(key)) or "", key) for key in ("alt", "caption"))
        told = (key_of_url, "alt", "caption")
        self._fit.keep("cover", {key: value for key, value in table.items() if key not in told})
        return Cover(url=url, alt=alt, caption=caption)

    def _seo(self) -> Seo:
        """What is too long for its field stays in `custom`."""
        texts: dict[str, str] = {}
        for name, spellings, longest in (
            ("title", ("seotitle", "metatitle"), MAX_SEO_TITLE),
            ("description", ("seodescription", "metadescription"), MAX_SEO_DESCRIPTION),
        ):
            text = one_line(as_text(self._fields.peek(*spellings)) or "")
            if 0 < len(text) <= longest:
                texts[name] = text
                self._fields.take(*spellings)
        canonical = as_text(self._fields.peek("canonicalurl", "canonical"))
        if _is_https(canonical):
            self._fields.take("canonicalurl", "canonical")
        elif canonical:
            self._fit.notes.append(f"the canonical address {canonical!r} is no https address; it is in custom")
            canonical = None
        noindex = as_flag(self._fields.peek("noindex"))
        if noindex is None:
            noindex = "noindex" in str(self._fields.peek("robots"))
        else:
            self._fields.take("noindex")
        return Seo(**texts, canonical_url=canonical, noindex=noindex)


def _flat(value: object) -> object:
    """Without lists in lists."""
    return _items(value) if isinstance(value, list) else value


def _items(value: object) -> list[object]:
    return [inner for item in value for inner in _items(item)] if isinstance(value, list) else [value]


def _heading(body: str) -> str:
    """The text of a first-level heading that opens the body, or nothing."""
    line = body.lstrip().partition("\n")[0]
    title = line.removeprefix("# ").strip() if line.startswith("# ") else ""
    without_closing = title.rstrip("#")
    return without_closing.rstrip() if without_closing[-1:].isspace() else title


def _last_part(url: str) -> str:
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
    parts = dict.fromkeys(_last_part(url).lower() for url in urls)
    return tuple(part for part in parts if is_slug(part) and part not in RESERVED_SLUGS and part != besides)


def _is_https(text: str | None) -> TypeGuard[str]:
    return text is not None and len(text) <= _MAX_URL and _HTTPS.fullmatch(text) is not None
