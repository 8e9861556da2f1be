"""One Markdown file while it is read: what it holds, what is around it, and what is to be told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blogapi.importers.access import Access, read_access, without_secrets
from blogapi.importers.blog import Blog
from blogapi.importers.fit import Fit
from blogapi.importers.frontmatter import Document, Fields, as_text
from blogapi.importers.inherited import Inheritance
from blogapi.importers.languages import Tongue
from blogapi.importers.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFile:
    """A file in its blog. `fields` are taken out one after the other; what is left in the end is `custom`.

    `values` are all of them, without passwords; `is_locked` says whether there was one. `path` leads from the imported
    folder to the file.
    """

    document: Document
    blog: Blog
    path: str
    tongue: Tongue
    place: Place
    values: Mapping[str, Any]
    is_locked: bool
    access: Access
    inherited: Sequence[Inheritance]
    fields: Fields
    fit: Fit

    @classmethod
    def of(cls, document: Document, blog: Blog, path: str) -> PostFile:
        """The file at the beginning: nothing is taken yet."""
        tongue = blog.languages.of(path)
        values, is_locked = without_secrets(document.values)
        return cls(
            document=document,
            blog=blog,
            path=path,
            tongue=tongue,
            place=Place.of(blog.root, path, tongue),
            values=values,
            is_locked=is_locked,
            access=read_access(values),
            inherited=blog.inherited.of(path),
            fields=Fields(values),
            fit=Fit(),
        )

    @property
    def notes(self) -> list[str]:
        """What people should know; add to it."""
        return self.fit.notes

    def names(self, value: object, what: str) -> list[str]:
        """The texts in a text or a list of texts; of tables the names."""
        names = []
        for item in value if isinstance(value, list) else [] if value is None else [value]:
            if isinstance(item, Mapping):
                self.notes.append(f"of what {what} tells only names are kept")
                item = next((item[key] for key in ("name", "title") if key in item), None)
            name = as_text(item)
            if name:
                names.append(name)
            elif item != "":
                self.notes.append(f"a value of {what} that is no text is left out")
        return names
