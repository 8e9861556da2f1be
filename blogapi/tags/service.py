"""What can be done with tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime

from blogapi.paging import Page, PageRequest
from blogapi.tags.model import Tag
from blogapi.tags.store import TagStore


class TagService:
    """Tags are made when a post first uses them, and public when one is."""

    def __init__(self, store: TagStore, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

    async def read(self, key: str) -> Tag:
        """By slug or id. Raises NotFound."""
        return await self._store.get(key)

    async def list(self, page: PageRequest, sort: str) -> Page[Tag]:
        """The tags that readers see."""
        return await self._store.list(page, sort)

    async def use(self, slugs: Iterable[str], names: Mapping[str, str] | None = None) -> None:
        """A post carries these: make those that are missing."""
        wanted = {slug: (names or {}).get(slug, "") for slug in slugs}
        if wanted:
            await self._store.ensure(wanted, self._now())

    async def count(self, *, gained: Iterable[str], lost: Iterable[str]) -> None:
        """A public post gained and lost these tags."""
        await self._store.add_to_post_counts(gained, 1)
        await self._store.add_to_post_counts(lost, -1)

    async def recount(self, slug: str, count: Callable[[], Awaitable[int]]) -> None:
        """Correct a count that may have been left behind; one that is about to move may be counted twice."""
        tag = await self._store.find(slug, public=False)
        if tag is not None and tag.post_count != (right := await count()):
            await self._store.correct_post_count(slug, tag.post_count, right)
