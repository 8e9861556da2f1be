"""Former working copies: reading them, and going back to one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.paging.page import Page, PageRequest
from blogapi.posts.bylines import Bylines
from blogapi.posts.model import Content, Post, Working, differences, may_name, working_copy
from blogapi.posts.rights import Editable
from blogapi.posts.saving import Saving
from blogapi.posts.slugs import Slugs
from blogapi.posts.store import RevisionStore
from blogapi.posts.transitions import DISCARD, require_not_trashed


class Revisions:
    """The revisions of posts."""

    def __init__(
        self, store: RevisionStore, saving: Saving, slugs: Slugs, bylines: Bylines, now: Callable[[], datetime]
    ) -> None:
        self._store, self._saving, self._slugs, self._bylines, self._now = store, saving, slugs, bylines, now

    async def list(self, held: Editable, page: PageRequest) -> Page[Working]:
        """Newest first, authors under their present names."""
        found = await self._store.list(held.post, page)
        return replace(found, items=await self._bylines.present(found.items))

    async def read(self, held: Editable, revision: int) -> Working:
        """Raises NotFound."""
        (copy,) = await self._bylines.present([await self._store.get(held.post, revision)])
        return copy

    async def restore(self, held: Editable, revision: int, expected: frozenset[int], attempt: Attempt = ONCE) -> Post:
        """Make a former revision the working copy again, under a new number. Raises NotFound, Stale, Conflict."""
        post = held.post
        if attempt.key in post.applied:
            return post
        post.require_version(expected)
        require_not_trashed(post)
        old = await self._store.get(post, revision)
        return await self._rework(held, old, f"Revision {revision}", "restore", attempt)

    async def discard(self, held: Editable, expected: frozenset[int], attempt: Attempt = ONCE) -> Post:
        """Make the live copy the working copy again. Raises Stale, InvalidTransition."""
        post = held.post
        if attempt.key in post.applied:
            return post
        post.require_version(expected)
        DISCARD.end_of(post)
        assert post.live is not None  # or it would not be allowed
        if not differences(post.live, post.working):
            return post
        return await self._rework(held, post.live, "", "discard", attempt)

    async def _rework(self, held: Editable, source: Content, note: str, kind: str, attempt: Attempt) -> Post:
        post, who, now = held.post, held.who, self._now()
        present = post.working
        claim = await self._slugs.again(source.slug, post)
        authors = await self._bylines.again(source, post)
        ids = tuple(author.id for author in authors)
        # What one may not do to the authors is not done by going back to a copy from before either.
        loses = not who.is_editor and not set(present.author_ids) <= set(ids)
        if loses or not may_name(who, present.author_ids, ids):
            authors = present.authors
        source = replace(source, slug=claim.slug, authors=authors)
        working = working_copy(source, present.revision + 1, who, now, note=note, kind=kind)
        changes = {"working": working, "slug_is_derived": False}
        return await self._saving.change(post, changes, differences(source, present), claim=claim, key=attempt.key)
