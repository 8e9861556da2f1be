"""Where posts stood before they came here, and which post stood at an address."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from blogapi.posts.store import AddressStore


class Addresses:
    """The rules of former addresses. They are in their normal form (`blogapi.text.address`).

    They are claimed before the post moves, so a crash leaves one too many, never one too few; `doctor` frees it. What
    an address says is never removed but with its post: a link that somebody set stays a link.
    """

    def __init__(self, store: AddressStore, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

    async def keep(self, addresses: Iterable[str], post_id: str) -> None:
        """Have these lead to the post. One that another post has stays that one's."""
        await self._store.claim(dict.fromkeys(addresses), post_id, self._now())

    async def holder(self, spellings: Iterable[str]) -> str | None:
        """The id of the post that stood at the first of these at which any did."""
        wanted = tuple(spellings)
        holders = await self._store.holders(wanted)
        return next((holders[address] for address in wanted if address in holders), None)

    async def lost(self, addresses: Iterable[str], post_id: str) -> tuple[str, ...]:
        """Those of these that lead to another post."""
        wanted = tuple(addresses)
        holders = await self._store.holders(wanted) if wanted else {}
        return tuple(address for address in wanted if holders.get(address) != post_id)

    async def release_all(self, post_id: str) -> None:
        """With the post itself."""
        await self._store.release_all(post_id)
