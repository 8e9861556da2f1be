"""One Markdown file while it is read: what it holds, what is around it, and what is to be told of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import PurePosixPath
from typing import Any

from blogapi.importers.access import Access, hiding_place, read_access, without_secrets
from blogapi.importers.blog import Blog
from blogapi.importers.fit import Fit
from blogapi.importers.frontmatter import Document, Fields, as_text
from blogapi.importers.inherited import Inheritance
from blogapi.importers.languages import Tongue
from blogapi.importers.place import Place

# What is worth taking over from the surroundings of a post.
_BORROWED = ("author", "authors", "lang", "language", "locale", "category", "categories", "tag", "tags")
_COLLECTIONS = ("all", "article", "articles", "blog", "nav", "page", "pages", "post", "posts")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFile:
    """A file in its blog. `fields` are taken out one after the other; what is left in the end is `custom`.

    `values` are all of them, without passwords. `access` is what they, the place of the file and its surroundings say
    of who may read it; the tags are not asked yet. `path` leads from the imported folder to the file.
    """

    document: Document
    blog: Blog
    path: str
    tongue: Tongue
    place: Place
    values: Mapping[str, Any]
    access: Access
    inherited: Sequence[Inheritance]
    fields: Fields
    fit: Fit

    @classmethod
    def of(cls, document: Document, blog: Blog, path: str) -> PostFile:
        """The file at the beginning: nothing is taken yet."""
        tongue = blog.languages.of(path)
        values, is_locked = without_secrets(document.values)
        inherited, fit = blog.inherited.of(path, values), Fit()
        borrowed = dict(_borrowed(inherited, fit))
        return cls(
            document=document,
            blog=blog,
            path=path,
            tongue=tongue,
            place=Place.of(blog.root, path, tongue),
            values=values,
            access=_access(blog, path, values, is_locked, inherited),
            inherited=inherited,
            fields=Fields({**values, **borrowed}),
            fit=fit,
        )

    def inherits(self, name: str) -> Any:
        """The nearest value that its surroundings give to a field, or None."""
        return next((item.values[name] for item in self.inherited if not item.of_section and name in item.values), None)

    @property
    def notes(self) -> list[str]:
        """What people should know; add to it."""
        return self.fit.notes

    def names(self, value: object, what: str) -> list[str]:
        """The texts in a text or a list of texts; of tables the names."""
        names: list[str] = []
        for item in value if isinstance(value, list) else [] if value is None else [value]:
            items = [item]
            if isinstance(item, Mapping):
                self.notes.append(f"of what {what} tells only names are kept")
                items = _named(item)
            texts = [as_text(each) for each in items]
            names += [text for text in texts if text]
            if item != "" and not all(texts):
                self.notes.append(f"a value of {what} that is no text is left out")
        return names


def _access(
    blog: Blog, path: str, values: Mapping[str, Any], is_locked: bool, inherited: Sequence[Inheritance]
) -> Access:
    """What keeps it from readers, in its front matter and outside."""
    site = blog.site
    place = hiding_place(site.path_of(path).as_posix(), blog.root.name, site.has_pages)
    around = [site.unread, place, *blog.ignored.by(path)]
    return Access.together(
        [
            Access(reasons=("a password, which is left out",) if is_locked else ()),
            read_access(values, site.zone),
            Access(reasons=tuple(reason for reason in around if reason)),
            *(_of_inheritance(item, site.zone) for item in inherited),
        ]
    )


def _of_inheritance(item: Inheritance, zone: tzinfo) -> Access:
    values, is_locked = without_secrets(item.values)
    access = read_access(values, zone, of_section=item.of_section)
    locked = [f"a password in {item.file}"] if is_locked and not item.of_section else []
    reasons = [f"{reason} ({item.file})" for reason in (*access.reasons, *item.unread)]
    return replace(access, reasons=(*locked, *reasons))


def _named(table: Mapping[str, Any]) -> list[Any]:
    """The name in a table; of a table of such tables all names, or else what they are called there."""
    if own := next((table[key] for key in ("name", "title", "label") if key in table), None):
        return [own]
    inner = [value.get("name", key) if isinstance(value, Mapping) else key for key, value in table.items()]
    return inner or [None]


def _borrowed(inherited: Sequence[Inheritance], fit: Fit) -> Iterator[tuple[str, Any]]:
    """Who wrote it, what it is about and in which language, where its surroundings say so."""
    for item in inherited:
        taken = {} if item.of_section else {key: item.values[key] for key in _BORROWED if key in item.values}
        collections = {*_COLLECTIONS, PurePosixPath(item.file).parent.name}
        for key in ("tags", "tag"):
            if key in taken:
                # In Eleventy they make collections, too: those of all posts say nothing of one.
                names = taken[key] if isinstance(taken[key], list) else [taken[key]]
                taken[key] = [name for name in names if name not in collections]
        taken = {key: value for key, value in taken.items() if value not in (None, "", [])}
        if taken:
            fit.notes.append(f"{', '.join(taken)}: taken from {item.file}")
        yield from taken.items()
