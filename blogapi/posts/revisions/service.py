"""Former working copies: reading them, and going back to one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.paging.page import Page, PageRequest
from blogapi.pool.comparer import Comparer
from blogapi.posts.bylines import Bylines
from blogapi.posts.copies import Content, Working, differences, working_copy
from blogapi.posts.model import Post, may_name, reviewed_with
from blogapi.posts.revisions.comparison import Comparison, differing_texts
from blogapi.posts.revisions.store import RevisionStore
from blogapi.posts.rights import Editable
from blogapi.posts.saving import Saving
from blogapi.posts.slugs import Slugs
from blogapi.posts.states.transitions import DISCARD, require_not_trashed
from blogapi.posts.tagging import Tagging


class Revisions:
    """The revisions of posts."""

    def __init__(
        self,
        store: RevisionStore,
        saving: Saving,
        slugs: Slugs,
        bylines: Bylines,
        tagging: Tagging,
        comparer: Comparer,
        now: Callable[[], datetime],
    ) -> None:
        self._store, self._saving, self._slugs, self._bylines, self._now = store, saving, slugs, bylines, now
        self._tagging, self._comparer = tagging, comparer

    async def list(self, right: Editable, page: PageRequest) -> Page[Working]:
        """A page of revisions, newest first. Authors have their present names."""
        found = await self._store.list(right.post, page)
        return replace(found, items=await self._bylines.with_present_names(found.items))

    async def read(self, right: Editable, revision: int) -> Working:
        """Raises NotFound."""
        (copy,) = await self._bylines.with_present_names([await self._store.get(right.post, revision)])
        return copy

    async def compare(self, right: Editable, revision: int, other: int | None = None) -> Comparison:
        """What leads from one revision to another, or to the newest one.

        Raises NotFound, Overloaded, and BlogError `too_long_to_compare`.
        """
        post = right.post
        numbers = (revision, post.working.revision if other is None else other)
        copies = [await self._store.get(post, number) for number in numbers]
        before, after = await self._bylines.with_present_names(copies)
        names = (str(before.revision), str(after.revision))
        texts = await self._comparer.differences(differing_texts(before, after), names, right.who.user_id)
        return Comparison(post_id=post.id, before=before, after=after, texts=texts)

    async def restore(self, right: Editable, revision: int, expected: frozenset[int], attempt: Attempt = ONCE) -> Post:
        """Make a former revision the working copy again, under a new number. Raises NotFound, Stale, Conflict."""
        post = right.post
        if attempt.key in post.applied:
            return post
        post.require_version(expected)
        require_not_trashed(post)
        old = await self._store.get(post, revision)
        return await self._rework(right, old, f"Revision {revision}", "restore", attempt)

    async def discard(self, right: Editable, expected: frozenset[int], attempt: Attempt = ONCE) -> Post:
        """Make the live copy the working copy again. Raises Stale, InvalidTransition."""
        post = right.post
        if attempt.key in post.applied:
            return post
        post.require_version(expected)
        DISCARD.end_of(post)
        assert post.live is not None  # or it would not be allowed
        if not differences(post.live, post.working):
            return post
        return await self._rework(right, post.live, "", "discard", attempt)

    async def _rework(self, right: Editable, source: Content, note: str, kind: str, attempt: Attempt) -> Post:
        post, who, now = right.post, right.who, self._now()
        present = post.working
        claim = await self._slugs.reclaim(source.slug, post)
        authors = await self._bylines.for_reuse(source, post)
        ids = tuple(author.id for author in authors)
        # Going back to an older copy changes the authors no further than the person may change them by hand.
        loses = not who.is_editor and not set(present.author_ids) <= set(ids)
        if loses or not may_name(who, present.author_ids, ids):
            authors = present.authors
        tags = await self._tagging.for_reuse(source, post)
        source = replace(source, slug=claim.slug, authors=authors, tags=tags)
        working = working_copy(source, present.revision + 1, who, now, note=note, kind=kind)
        reviewed = reviewed_with(post, who, working.revision)
        changes = {"working": working, "slug_is_derived": False, **reviewed}
        return await self._saving.change(post, changes, differences(source, present), claim=claim, key=attempt.key)
