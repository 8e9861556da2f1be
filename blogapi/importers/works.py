"""Posts of an import that are one work in several languages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from blogapi.errors import Conflict, NotFound, Stale
from blogapi.importers.model import Entry
from blogapi.posts.model import Post
from blogapi.posts.rights import Editable, operator_in_the_name_of
from blogapi.posts.service import PostService
from blogapi.posts.translations.model import NO_GROUP_VERSION


class Works:
    """Joins posts once all of them are there. What people joined or took apart here stays as it is."""

    def __init__(self, posts: PostService) -> None:
        self._posts = posts
        self._members: dict[str, list[Post]] = defaultdict(list)
        self._new: set[str] = set()

    def add(self, entry: Entry, post: Post, *, is_new: bool) -> None:
        """Take note of a post, be it made in this run or before."""
        if entry.work is not None:
            self._members[entry.work].append(post)
            if is_new:
                self._new.add(post.id)

    def several(self) -> Iterator[tuple[str, Sequence[Post]]]:
        """The works that are there in more than one language."""
        return ((work, posts) for work, posts in self._members.items() if len(posts) > 1)

    async def join(self, posts: Sequence[Post]) -> str | None:
        """Make these posts translations of each other; returns why that cannot be, or None.

        All of them if none has ever had translations here, else those that this run has made.
        """
        who = operator_in_the_name_of(posts[0].working.author_ids[0])
        try:
            rights = [await self._posts.reading.get(Editable, who, post.id) for post in posts]
            groups = [await self._posts.translations.read(right) for right in rights]
            known = {group.version: group for group in groups if group.version != NO_GROUP_VERSION}
            alone = [group.post_id for group in groups if group.version == NO_GROUP_VERSION]
            if not known:
                await self._posts.translations.replace(rights[0], alone, frozenset({NO_GROUP_VERSION}))
            elif len(known) == 1 and (new := [post_id for post_id in alone if post_id in self._new]):
                (group,) = known.values()
                right = next(right for right in rights if right.id == group.post_id)
                wanted = [*(item.id for item in group.items), *new]
                await self._posts.translations.replace(right, wanted, frozenset({group.version}))
        except (Conflict, Stale, NotFound) as error:
            return str(error)
        return None
