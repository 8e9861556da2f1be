"""Changes of state: publishing posts, withdrawing them, restoring them, removing them for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.posts.bylines import Bylines
from blogapi.posts.copies import Working, differences, live_copy
from blogapi.posts.model import Post, require_title, visible_change
from blogapi.posts.revisions.store import RevisionStore
from blogapi.posts.rights import Publishable, Purgeable
from blogapi.posts.saving import Saving
from blogapi.posts.schedules.model import schedule_fields
from blogapi.posts.slugs import Claim, Slugs
from blogapi.posts.states.transitions import PUBLISH, LiveCopy, Right, Transition, schedule_after
from blogapi.posts.store import PostStore
from blogapi.posts.tagging import Tagging

KEPT_IN_TRASH = timedelta(days=30)


class States:
    """The transitions of posts."""

    def __init__(
        self,
        posts: PostStore,
        revisions: RevisionStore,
        saving: Saving,
        slugs: Slugs,
        bylines: Bylines,
        tagging: Tagging,
        now: Callable[[], datetime],
    ) -> None:
        self._posts, self._revisions, self._saving = posts, revisions, saving
        self._slugs, self._bylines, self._tagging, self._now = slugs, bylines, tagging, now

    async def apply(
        self,
        transition: Transition[Right],
        right: Right,
        expected: frozenset[int],
        attempt: Attempt = ONCE,
        *,
        note: str = "",
    ) -> Post:
        """Move a post as the row of the table says. Some rows keep the note.

        Raises Forbidden, Stale, InvalidTransition.
        """
        post = right.post
        if attempt.key in post.applied:
            return post
        if transition.changes_what_readers_see(post):
            Publishable(post, right.who)
        post.require_version(expected)
        status, now = transition.end_of(post), self._now()
        sets = {**schedule_after(post, status), **transition.sets(right, now, note)}
        changes: dict[str, Any] = {"status": status, **sets}
        if post.live is not None and transition.live is LiveCopy.FOLLOWS:
            seen = status == "published"
            changes["live.audience"] = post.audience if seen else None
            changes |= visible_change(post, now) if seen else {}
        changed = ["status", *(["review"] if "review" in sets else []), *schedule_fields(sets)]
        return await self._saving.change(post, changes, changed, key=attempt.key)

    async def publish(
        self,
        right: Publishable,
        expected: frozenset[int],
        *,
        revision: int | None = None,
        attempt: Attempt = ONCE,
        published_at: datetime | None = None,
        former_slugs: Iterable[str] = (),
    ) -> Post:
        """Make a given revision what readers see, or the reviewed one, or the working copy.

        Raises Stale, Conflict, Invalid, NotFound. The last two arguments are for imports: since when readers know it,
        and under which other slugs.
        """
        post = right.post
        if attempt.key in post.applied:
            return post
        post.require_version(expected)
        status = PUBLISH.end_of(post)
        copy = await self._of_today(post, await self.publishable(right, revision))
        now, before = self._now(), post.live and post.live.published_at
        since = published_at or before or now
        unknown = set(former_slugs) - {copy.slug, *post.live_slugs}
        kept = [claim for old in sorted(unknown) if (claim := await self._slugs.claim(old, post.id))]
        is_seen = post.status == status and post.live is not None and not differences(post.live, copy)
        if is_seen and since == before and not kept:
            return post
        claim = await self._slugs.reclaim(copy.slug, post)
        return await self._show(post, copy, [*kept, claim], since=since, now=now, attempt=attempt)

    async def publish_scheduled(self, right: Publishable) -> Post:
        """Make the scheduled revision what readers see, as of the time that was asked for.

        Raises Stale, Conflict, Invalid, NotFound.
        """
        post, schedule = right.post, right.post.scheduled
        assert schedule is not None  # or it would not be due
        copy = await self._of_today(post, await self.publishable(right, schedule.revision))
        since = schedule.at if post.live is None else post.live.published_at
        return await self._show(post, copy, [Claim(schedule.slug)], since=since, now=schedule.at)

    async def publishable(self, right: Publishable, revision: int | None) -> Working:
        """A given revision, or the reviewed one, or the working copy. Raises NotFound, Invalid."""
        post = right.post
        copy = await self._revisions.get(post, revision or post.submitted_revision or post.working.revision)
        require_title(copy.title)
        return copy

    async def _of_today(self, post: Post, copy: Working) -> Working:
        """A copy with the present names of its authors and tags."""
        authors = await self._bylines.for_reuse(copy, post)
        return replace(copy, authors=authors, tags=await self._tagging.for_reuse(copy, post))

    async def _show(
        self,
        post: Post,
        copy: Working,
        claims: Sequence[Claim],
        *,
        since: datetime,
        now: datetime,
        attempt: Attempt = ONCE,
    ) -> Post:
        """Make a copy what readers see, under the last of these slugs."""
        status, before = PUBLISH.end_of(post), post.live and post.live.published_at
        content, version = replace(copy, slug=claims[-1].slug), post.version + 1
        live = live_copy(content, copy.revision, version=version, since=since, now=now, audience=post.audience)
        schedule = schedule_after(post, status)
        changed = {"live_revision", "live_updated_at", *schedule_fields(schedule)}
        changed |= {"status"} if post.status != status else set()
        changed |= {"published_at"} if since != before else set()
        changed |= {"review"} if post.review is not None else set()
        changes = {"status": status, "live": live, "review": None, **schedule}
        return await self._saving.change(post, changes, changed, key=attempt.key, live_claims=claims)

    async def purge(self, right: Purgeable, expected: frozenset[int]) -> None:
        """Remove it for good. Raises Stale."""
        right.post.require_version(expected)
        if not await self._saving.remove(right.post):
            raise await self._saving.stale_error(right.post)

    async def purge_trash(self) -> int:
        """Remove for good what has been in the trash for 30 days; returns how many. Safe on several servers at once."""
        count = 0
        while due := await self._posts.trashed_before(self._now() - KEPT_IN_TRASH, limit=100):
            gone = sum([await self._saving.remove(post) for post in due])
            if not gone:
                break  # another server is at it
            count += gone
        return count
