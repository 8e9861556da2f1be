"""Which tags imported posts carry: one name is one tag, the same one in every run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from blogapi.importers.model import Tag, tag_key
from blogapi.tags.model import MAX_SLUG
from blogapi.tags.service import TagService


class Labels:
    """Finds or makes the tag of a name. Two names that come to one slug (`Bar`, `Bär`) are two tags, as bylines are."""

    def __init__(self, tags: TagService) -> None:
        self._tags = tags
        self._known: dict[str, str] = {}
        self.notes: list[str] = []

    async def find(self, wanted: Tag) -> str:
        """The slug of this name's tag. Says in `notes` where another name has the slug."""
        key = tag_key(wanted.name)
        if key not in self._known:
            self._known[key] = await self._find(wanted, key)
        return self._known[key]

    async def _find(self, wanted: Tag, key: str) -> str:
        passed_over = ""
        for slug in _numbered(wanted.slug):
            tag = await self._tags.named(slug, wanted.name)
            if tag.slug != slug:
                return tag.slug  # editors have given it another slug, or made it one with another
            if tag_key(tag.name) == key:
                break
            passed_over = passed_over or tag.name
        if passed_over:
            self.notes.append(f"the tag {passed_over!r} has the slug {wanted.slug!r}, so {wanted.name!r} is {slug!r}")
        return slug


def _numbered(slug: str) -> Iterator[str]:
    yield slug
    for number in count(2):
        suffix = f"-{number}"
        yield slug[: MAX_SLUG - len(suffix)].rstrip("-") + suffix
