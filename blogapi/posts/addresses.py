"""Where posts stood before they came here, and which post stood at an address."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from blogapi.posts.store import AddressStore


class Addresses:
    """The rules of former addresses. They are in their normal form (`blogapi.text.address`).

    They are claimed before the post is saved, so a crash can leave one that leads to no post; `Leftovers` frees it.
    An address leads to its post until that is removed for good: links of others do not break.
    """

    def __init__(self, store: AddressStore, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

    async def claim(self, addresses: Iterable[str], post_id: str) -> None:
        """Have these addresses lead to the post. Those that lead to another post already are left alone."""
        await self._store.claim(dict.fromkeys(addresses), post_id, self._now())

    async def holder(self, spellings: Iterable[str]) -> str | None:
        """The id of the post to which the first known one of these addresses leads."""
        wanted = tuple(spellings)
        holders = await self._store.holders(wanted)
        return next((holders[address] for address in wanted if address in holders), None)

    async def lost(self, addresses: Iterable[str], post_id: str) -> tuple[str, ...]:
        """Those of these addresses that lead to another post."""
        wanted = tuple(addresses)
        holders = await self._store.holders(wanted) if wanted else {}
        return tuple(address for address in wanted if holders.get(address) != post_id)

    async def release_all(self, post_id: str) -> None:
        """Release all addresses of a post that is removed for good."""
        await self._store.release_all(post_id)
