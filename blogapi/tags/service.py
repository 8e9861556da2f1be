"""What can be done with tags."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from functools import partial

from blogapi.counting import recount
from blogapi.paging.page import Page, PageRequest
from blogapi.tags.model import Tag
from blogapi.tags.store import TagStore


class TagService:
    """Tags are made when a post first carries them. Readers see those that a public post carries."""

    def __init__(self, store: TagStore, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

    async def read(self, key: str) -> Tag:
        """By slug or id. Raises NotFound."""
        return await self._store.get(key)

    async def list(self, page: PageRequest, sort: str) -> Page[Tag]:
        """The tags that readers see."""
        return await self._store.list(page, sort)

    async def use(self, slugs: Iterable[str], names: Mapping[str, str] | None = None) -> None:
        """Make those of these tags that are missing, for a post that carries them."""
        wanted = {slug: (names or {}).get(slug, "") for slug in slugs}
        if wanted:
            await self._store.ensure(wanted, self._now())

    async def add_to_post_counts(self, slugs: Iterable[str], delta: int) -> None:
        """Add to the counts of public posts."""
        await self._store.add_to_post_counts(slugs, delta)

    async def named(self, slug: str, name: str) -> Tag:
        """The tag of this slug as it is, or a new one of this name."""
        await self.use([slug], {slug: name})
        tag = await self._store.find(slug, public=False)
        assert tag is not None  # tags are never taken away
        return tag

    async def recount_posts(
        self, slug: str, count: Callable[[], Awaitable[int]], is_moving: Callable[[], Awaitable[bool]]
    ) -> bool:
        """Count anew and correct the count; False when others change it too often just now."""
        see, correct = partial(self._store.post_count, slug), partial(self._store.correct_post_count, slug)
        return await recount(see, count, is_moving, correct)

    # For `doctor`

    def post_counts(self) -> AsyncIterator[tuple[str, int]]:
        """Every slug with its count."""
        return self._store.post_counts()
