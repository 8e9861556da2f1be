"""Who wrote a post and what it is about: bylines, tags and categories, in the many ways in which files have them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from blogapi.importers.frontmatter import Fields, is_switch
from blogapi.importers.names import categories_in, people_in, tidy
from blogapi.importers.post_file import PostFile

_LIST_MARK = re.compile(r"[,;、，]")
_LEVEL = re.compile(r"[>»→]")
_AUTHORS = ("authors", "author", "bylines", "byline")
# These count only where nobody is called an author.
_CREATORS = ("creator", "dc:creator", "writer", "writtenby", "postauthor", "authorname", "guestauthor")
# Tables in which generators keep fields of their users.
_TABLES = ("taxonomies", "extra", "params")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Names as they stood, those of `categories` also among the `tags`."""

    authors: list[str]
    tags: list[str]
    categories: list[str]


def terms_of(file: PostFile) -> Terms:
    """Take all of them out of the front matter, also out of the tables in it."""
    tables = {name: file.fields.inside(name) for name in _TABLES}
    taxonomies = tables["taxonomies"]
    categories = [*file.place.categories, *_labels(file, file.fields, "categories", "category")]
    categories += _labels(file, taxonomies, "categories", "category")
    tags = [name for fields in (file.fields, *tables.values()) for name in _labels(file, fields, "tags", "tag")]
    tags += categories
    authors = [name for fields in (file.fields, *tables.values()) for name in _bylines(file, fields, _AUTHORS)]
    authors = authors or _bylines(file, file.fields, _CREATORS)
    for name, fields in tables.items():
        file.fields.put_back(name, fields)
    return Terms(authors=authors, tags=tags, categories=categories)


def _labels(file: PostFile, fields: Fields, plural: str, singular: str) -> list[str]:
    """Text in the plural field is a list, by commas or, in YAML, by spaces; in the singular field by commas."""
    labels: list[str] = []
    for name in (plural, singular):
        if is_switch(fields.peek(name)):
            continue
        value = fields.take(name)
        if isinstance(value, str):
            is_by_spaces = name == plural and file.document.syntax == "yaml" and not _LEVEL.search(value)
            value = _LIST_MARK.split(value) if _LIST_MARK.search(value) else value.split() if is_by_spaces else [value]
        labels += _categories(file, value, name) if "categor" in name else file.names(_flat(value), name)
    return labels


def _categories(file: PostFile, value: object, what: str) -> list[str]:
    found = list(categories_in(value))
    if any(is_nested for _, is_nested in found):
        file.notes.append(f"nested {what} are tags beside each other: {', '.join(name for name, _ in found)}")
    return [name for name, _ in found]


def _bylines(file: PostFile, fields: Fields, spellings: tuple[str, ...]) -> list[str]:
    """People, one by one, also those whom one text names together."""
    names: list[str] = []
    for field in spellings:
        if is_switch(fields.peek(field)):
            continue
        value = fields.take(field)
        for text in file.names(value, field):
            if known := file.blog.people.get(text):
                names.append(known)
                continue
            people = people_in(text, is_plural=isinstance(value, str) and field.endswith("s"))
            if people != [tidy(text)]:
                # A mail address that stands there is public nowhere.
                whom = "" if "@" in text else f": {'; '.join(people)}"
                count = "one person" if len(people) == 1 else f"{len(people)} people"
                file.notes.append(f"a text of {field} names {count}{whom}")
            names += people
    return names


def _flat(value: object) -> object:
    """Without lists in lists."""
    return _items(value) if isinstance(value, list) else value


def _items(value: object) -> list[object]:
    return [inner for item in value for inner in _items(item)] if isinstance(value, list) else [value]
