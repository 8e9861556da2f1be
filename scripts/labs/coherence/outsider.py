"""Somebody who writes straight to the database, past all processes, as a script or a shell would."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError, PyMongoError

from scripts.labs.coherence.ledger import Person, Post, Timeline
from scripts.labs.coherence.looks import Look, PostById, PostBySlug, PostPage
from scripts.labs.coherence.writer import Writer

Posts: TypeAlias = AsyncCollection[dict[str, Any]]
_PAUSE_SECONDS = 0.1


@dataclass(slots=True)
class Outsider:
    """Takes over what a writer has begun. No process promises them anything but to follow soon."""

    writer: Writer
    url: str
    database: str
    chance: random.Random

    @property
    def person(self) -> Person:
        """As others see them."""
        return self.writer.person

    async def begin(self, posts: int) -> None:
        """See Writer."""
        await self.writer.begin(posts)
        # Nobody counts what is done behind our back, but whoever adds up a list sees it.
        self.person.totals = Timeline("a total of a list")
        self.person.totals.begin(self.person.count(), time.monotonic())
        self.person.totals.settle(self.person.count(), time.monotonic())

    async def write(self, enough: asyncio.Event) -> None:
        """Change titles, replace documents, remove them and put them back."""
        async with AsyncMongoClient[dict[str, Any]](self.url, w="majority") as client:
            posts = client[self.database]["posts"]
            while not enough.is_set():
                post = self.chance.choice([*self.person.posts.values()])
                step = self.chance.choice((self._retitle, self._replace, self._remove_for_a_while))
                await step(posts, post)

    async def _retitle(self, posts: Posts, post: Post) -> None:
        post.live = replace(post.live, title=self.writer.mark(), version=post.live.version + 1)
        change = {"$set": {"live.title": post.live.title, "live.version": post.live.version}}
        await self._tell(post, lambda: posts.update_one({"_id": ObjectId(post.id)}, change))

    async def _replace(self, posts: Posts, post: Post) -> None:
        document = await _surely(lambda: posts.find_one({"_id": ObjectId(post.id)}))
        post.live = replace(post.live, title=self.writer.mark(), version=post.live.version + 1)
        document["live"] |= {"title": post.live.title, "version": post.live.version}
        await self._tell(post, lambda: posts.replace_one({"_id": ObjectId(post.id)}, document))

    async def _remove_for_a_while(self, posts: Posts, post: Post) -> None:
        document = await _surely(lambda: posts.find_one({"_id": ObjectId(post.id)}))
        await self._tell(post, lambda: posts.delete_one({"_id": ObjectId(post.id)}), is_shown=False)
        await self._tell(post, lambda: posts.insert_one(document))

    async def _tell(self, post: Post, act: Callable[[], Awaitable[Any]], *, is_shown: bool = True) -> None:
        """Act, note it in the ledger, and see how long it takes until a process shows it."""
        shown, now = post.live if is_shown else None, time.monotonic()
        post.shown.begin(shown, now)
        self.person.totals.begin(self.person.count(), now)
        await _surely(act)
        self.writer.findings.writes += 1
        acked_at = time.monotonic()
        post.shown.settle(shown, acked_at)
        self.person.totals.settle(self.person.count(), acked_at)
        await self.writer.probe.follow(self._look(post), post.shown, acked_at)

    def _look(self, post: Post) -> Look:
        page = PostPage([self.person], f"tag={self.person.tag}&limit=100&fields=title,slug,authors&count=exact")
        looks = (PostById(self.person, post), PostBySlug(self.person, post, post.live.slug), page)
        return self.chance.choice(looks)


async def _surely(act: Callable[[], Awaitable[Any]]) -> Any:
    """Until it has happened; each of these may happen twice."""
    while True:
        try:
            return await act()
        except DuplicateKeyError:
            return None  # inserted, by an attempt whose answer was lost
        except PyMongoError:
            await asyncio.sleep(_PAUSE_SECONDS)
