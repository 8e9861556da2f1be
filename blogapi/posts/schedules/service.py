"""What happens to posts at a given time: deciding it, and doing it when the time has come.

There is no timer and no leader. What is to be done stands in the posts, every process looks for it, and one update of
the post decides who does it. It is done by the right that whoever scheduled it has then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from blogapi.access.identity import Identity
from blogapi.errors import Conflict, Forbidden, Invalid, NotFound, Stale, Unavailable
from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.measures import Durations, Measure
from blogapi.posts.model import Post
from blogapi.posts.rights import Publishable
from blogapi.posts.saving import Saving
from blogapi.posts.schedules.model import Schedule, ScheduleError, Withdrawal, schedule_fields
from blogapi.posts.schedules.store import ScheduleStore
from blogapi.posts.slugs import Slugs
from blogapi.posts.states.service import States
from blogapi.posts.states.transitions import SCHEDULE, UNPUBLISH, UNPUBLISH_LATER, schedule_after
from blogapi.posts.store import PostStore
from blogapi.translation.sentence import say
from blogapi.users.service import UserService

log = logging.getLogger("blogapi.posts.schedules")


class _CalledOff(Exception):
    """It cannot be done; the message is the code of why."""


class Schedules:
    """Publishing and unpublishing at a given time."""

    def __init__(
        self,
        store: ScheduleStore,
        posts: PostStore,
        states: States,
        saving: Saving,
        slugs: Slugs,
        users: UserService,
        now: Callable[[], datetime],
    ) -> None:
        self._store, self._posts, self._states, self._saving, self._slugs = store, posts, states, saving, slugs
        self._users, self._now = users, now
        self._late = Durations()

    async def publish(
        self,
        right: Publishable,
        expected: frozenset[int],
        at: datetime | None = None,
        *,
        revision: int | None = None,
        attempt: Attempt = ONCE,
    ) -> Post:
        """Have a given revision published at this time, or the reviewed one, or the working copy as it is now.

        It is published at once without a time, and when that has come. Raises Stale, Conflict, Invalid, NotFound.
        """
        post = right.post
        if attempt.key in post.applied:
            return post
        post.require_version(expected)
        if at is None or await self._store.has_come(post.id, at):
            return await self._states.publish(right, expected, revision=revision, attempt=attempt)
        status = SCHEDULE.end_of(post)
        if post.withdrawal is not None and at >= post.withdrawal.at:
            raise _ends_too_early()
        copy = await self._states.publishable(right, revision)
        before = post.scheduled
        has_slug = before is not None and before.revision == copy.revision
        claim = await self._slugs.reclaim(before.slug if before is not None and has_slug else copy.slug, post)
        by = right.who.user_id
        scheduled = Schedule(at=at, revision=copy.revision, slug=claim.slug, by=by, custom=copy.custom)
        if scheduled == before:
            return post
        changes: dict[str, Any] = {"status": status, **schedule_after(post, status), "scheduled": scheduled}
        if post.submitted_revision is None:
            changes["review"] = None  # of before this decision
        changed = {*(["status"] if post.status != status else []), *schedule_fields(changes)}
        changed |= {"review"} if "review" in changes and post.review is not None else set()
        return await self._saving.change(post, changes, changed, key=attempt.key, scheduled_claim=claim)

    async def unpublish(
        self, right: Publishable, expected: frozenset[int], at: datetime | None = None, attempt: Attempt = ONCE
    ) -> Post:
        """Have a post unpublished at this time; at once without one, and when it has come. Raises Stale, Conflict."""
        post = right.post
        if at is None:
            return await self._states.apply(UNPUBLISH, right, expected, attempt)
        if attempt.key in post.applied:
            return post
        post.require_version(expected)
        status = UNPUBLISH_LATER.end_of(post)
        if post.scheduled is not None and at <= post.scheduled.at:
            raise _ends_too_early()
        if post.scheduled is None and await self._store.has_come(post.id, at):
            return await self._states.apply(UNPUBLISH, right, expected, attempt)
        if post.withdrawal is not None and post.withdrawal.at == at:
            return post
        withdrawal = Withdrawal(at=at, by=right.who.user_id)
        changes = {**schedule_after(post, status), "withdrawal": withdrawal}
        return await self._saving.change(post, changes, schedule_fields(changes), key=attempt.key)

    # What is due

    def measures(self) -> list[Measure]:
        """How late things happen, by the clock of this process."""
        return [
            self._late.measure(
                "blogapi_schedule_lag_seconds",
                "How long after its time a post was published or unpublished as scheduled.",
                ("verb",),
            )
        ]

    async def run_due(self) -> int:
        """Do what is due, in the order of its times; returns how much that was. Safe on several servers at once."""
        done, failing = 0, set[str]()
        # One by one: what is done now may make something else of the same post due that comes before the next one.
        while due := await self._store.next_due(self._now(), but=failing):
            try:
                done += await self._do(*due)
            except Unavailable:
                raise
            except Exception:  # the others do not wait for it
                log.exception("post %s: what was scheduled failed, and will be tried again", due[0])
                failing.add(due[0])
        return done

    async def _do(self, post_id: str, due_at: datetime) -> bool:
        """False when somebody else did it, or changed what was to be done."""
        try:
            post = await self._posts.get_unguarded(post_id)
            if post.due_at != due_at:
                await self._store.mend(post)
            while post.due_at == due_at:
                try:
                    await self._do_once(post)
                    return True
                except Stale as error:
                    post = error.current
        except NotFound:
            pass  # removed for good in this moment
        return False

    async def _do_once(self, post: Post) -> None:
        """Do what is due next of a post, or say in the post why not. Raises Stale, NotFound."""
        if await self._removed_stray(post):
            return
        end: Schedule | Withdrawal | None = post.scheduled or post.withdrawal
        assert end is not None  # or it would not be due
        verb = "publish" if post.scheduled is not None else "unpublish"
        try:
            right = await self._right(post, end.by)
            if post.scheduled is not None:
                await self._publish(right)
            else:
                await self._states.apply(UNPUBLISH, right, frozenset({post.version}))
        except _CalledOff as error:
            await self._call_off(post, ScheduleError(code=str(error), verb=verb, at=end.at))
        self._late.add((verb,), max(0.0, (self._now() - end.at).total_seconds()))

    async def put_right(self, post_id: str) -> bool:
        """Take away what does not fit the status of a post, and have it looked for when something is due. For `doctor`.

        False when somebody else changed the post meanwhile.
        """
        try:
            post = await self._posts.get_unguarded(post_id)
            if post.status == "scheduled" and post.scheduled is None:
                changes = {"status": "draft", "withdrawal": None}
                await self._saving.change(post, changes, ["status", "unpublish_at"])
            elif not await self._removed_stray(post):
                return await self._store.mend(post)
        except (Stale, NotFound):
            return False
        return True

    async def _removed_stray(self, post: Post) -> bool:
        """Whether there was something scheduled that has no place in the state of the post; then it is removed."""
        stray = schedule_after(post, post.status)
        if stray.keys().isdisjoint(("scheduled", "withdrawal")):
            return False
        # An earlier version beside ours has moved the post, and knows of no schedules.
        await self._saving.change(post, stray, schedule_fields(stray))
        return True

    async def _right(self, post: Post, user_id: str) -> Publishable:
        """The right that somebody has now. Raises _CalledOff."""
        user = await self._users.find(user_id)
        if user is None or user.status == "erased":
            raise _CalledOff("erased")
        if not self._users.registration.may_sign_in(user.status):
            raise _CalledOff("suspended")
        who = Identity(user_id=user.id, role=user.role)
        try:
            return Publishable(post, who)
        except Forbidden:
            raise _CalledOff("not_author" if who.has_role("author") else "role_lost") from None

    async def _publish(self, right: Publishable) -> None:
        try:
            await self._states.publish_scheduled(right)
        except Conflict as error:
            raise _CalledOff("language_taken" if error.code == "language_taken" else "unpublishable") from None
        except (Invalid, NotFound):
            raise _CalledOff("unpublishable") from None

    async def _call_off(self, post: Post, error: ScheduleError) -> None:
        status = "draft" if post.status == "scheduled" else post.status
        gone = {"scheduled": None, "withdrawal": None}
        changes = {"status": status, **gone, "schedule_error": error}
        changed = {*(["status"] if status != post.status else []), *schedule_fields(changes)}
        await self._saving.change(post, changes, changed)


def _ends_too_early() -> Conflict:
    return Conflict(say("A post has to be published before it is unpublished."), code="schedule_conflict")
