"""The names of authors in posts: every copy that is shown, or used again, has their present names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from blogapi.access.identity import Byline
from blogapi.deadline import OVER
from blogapi.posts.copies import Content, Working
from blogapi.posts.model import Post
from blogapi.posts.revisions.store import RevisionStore
from blogapi.posts.store import PostStore
from blogapi.users.model import ProfileChanged
from blogapi.users.service import UserService


class Bylines:
    """The names and pictures of authors. Revisions keep those of their time, but for those of erased people."""

    def __init__(
        self, posts: PostStore, revisions: RevisionStore, users: UserService, now: Callable[[], datetime]
    ) -> None:
        self._posts, self._revisions, self._users, self._now = posts, revisions, users, now

    async def with_present_names(self, copies: Iterable[Working]) -> Sequence[Working]:
        """These copies, with the present names of their authors."""
        copies = list(copies)
        known = await self._users.present_bylines({author_id for copy in copies for author_id in copy.author_ids})
        return [replace(copy, authors=tuple(known.get(one.id, one) for one in copy.authors)) for copy in copies]

    async def for_reuse(self, copy: Content, post: Post) -> tuple[Byline, ...]:
        """The authors of a copy that is used again, without those who have taken their own name off since."""
        known = await self._users.present_bylines(copy.author_ids)
        authors = tuple(known.get(author.id, author) for author in copy.authors if author.id not in post.left)
        return authors or post.working.authors

    async def profile_changed(self, event: ProfileChanged) -> None:
        """Show an author's present name and picture in all copies. Of two changes at once, the later one wins."""
        await self.show_present(event.byline.id)

    async def show_present(self, user_id: str) -> None:
        """Show somebody's present byline in all copies. It is read again until it has not changed meanwhile."""
        shown: Byline | None = None
        while (byline := (await self._users.present_bylines([user_id])).get(user_id)) != shown:
            if byline is None:
                return
            await self._posts.refresh_byline(byline)
            shown = byline

    async def show_present_in_revisions(self, user_id: str) -> None:
        """Show somebody's present byline in all revisions, which else keep that of their time."""
        byline = (await self._users.present_bylines([user_id])).get(user_id)
        if byline is not None:
            await self._revisions.refresh_byline(byline)

    async def settle(self) -> int:
        """Show bylines once more that changed a while ago; returns how many. Safe on several servers at once.

        A post that was being saved at that time may have the old name, and the process that renamed somebody may have
        died before all posts showed the new one.
        """
        count = 0
        while due := await self._users.renamed_before(self._now() - OVER, limit=100):
            for user_id, renamed_at in due:
                await self.show_present(user_id)
                await self._users.settle_rename(user_id, renamed_at)
            count += len(due)
        return count
