"""Translations: which posts are one work in several languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from blogapi.access.identity import Identity
from blogapi.db.client import new_id
from blogapi.deadline import OVER
from blogapi.errors import Conflict, FieldError, Invalid, NotFound, Stale
from blogapi.posts.model import Post, audiences_of
from blogapi.posts.rights import Editable, Publishable
from blogapi.posts.store import PostStore, TranslationStore
from blogapi.posts.transitions import require_not_trashed
from blogapi.posts.translation_model import (
    NO_GROUP_VERSION,
    Group,
    GroupItem,
    ShownGroup,
    first_version,
    in_another_group,
    language_taken,
)
from blogapi.translation.sentence import say

_AT_A_TIME = 100


class Translations:
    """The groups of posts.

    A post is in one group: a unique index sees to it. Two posts of a group have different languages, their working
    copies as well as their live copies: unique indexes over the heads see to it. Who is in a group is decided by one
    update of the group; the heads name it a moment later, and `settle` makes good what a crash leaves in between.
    """

    def __init__(self, store: TranslationStore, posts: PostStore, now: Callable[[], datetime]) -> None:
        self._store, self._posts, self._now = store, posts, now

    async def read(self, right: Editable) -> ShownGroup:
        """The posts that are one work with this one, itself among them."""
        return await self._shown(right, await self._store.find(right.id))

    async def replace(self, right: Editable, post_ids: Sequence[str], expected: frozenset[int]) -> ShownGroup:
        """Make exactly these posts, this one among them, one work. This one alone leaves the others to themselves.

        Whoever does so may edit all posts that are named, and those that are not any more; and may publish those that
        have readers. Raises Stale, Invalid, Forbidden, Conflict.
        """
        if right.id not in post_ids:
            raise Invalid.field("/posts", "required", say("The post itself has to be among them."))
        posts, group = await self._named(right.who, post_ids), await self._store.find(right.id)
        before = () if group is None else group.posts
        is_leaving = tuple(post_ids) == (right.id,)
        for post in [*posts, *([] if is_leaving else await self._present({*before} - {*post_ids}))]:
            _require_right(post, right.who)
        if (NO_GROUP_VERSION if group is None else group.version) not in expected:
            raise Stale(await self._shown(right, group), ["posts"])
        if is_leaving:
            return await self._leave(right, group)
        for post in posts:
            if post.id not in before:
                require_not_trashed(post)
        _require_languages(posts)
        # The unique index says the same; here before anything is written.
        if any(group is None or other.id != group.id for other in await self._store.find_all(post_ids)):
            raise in_another_group()
        if group is None:
            changed: Group | None = await self._insert(post_ids)
        elif group.posts == tuple(post_ids):
            changed = group
        else:
            changed = await self._store.change(group, post_ids, self._now())
        if changed is None:
            raise await self._stale(right)
        settled = await self._settle(changed.id)
        if settled is None or not {*post_ids} <= {*settled.posts}:
            raise Conflict(say("One of these posts was changed at the same moment. Read the translations again."))
        return await self._shown(right, settled)

    async def forget(self, post_id: str) -> None:
        """A post was removed for good."""
        while group := await self._store.find(post_id):
            rest = tuple(other for other in group.posts if other != post_id)
            await self._without(group, rest)
            await self._settle(group.id)

    async def settle(self) -> int:
        """Have the heads name their groups where somebody has not come to it; returns how many groups were open.

        Safe on several servers at once.
        """
        count, moment = 0, self._now() - OVER
        while due := await self._store.unsettled_before(moment, limit=_AT_A_TIME):
            for group_id in due:
                await self._settle(group_id)
                await self._store.settled(group_id, moment)
            count += len(due)
        return count

    async def repair(self, group_id: str) -> bool:
        """The same for one group. For `doctor`."""
        await self._settle(group_id)
        return True

    async def _leave(self, right: Editable, group: Group | None) -> ShownGroup:
        if group is None or group.posts == (right.id,):
            return await self._shown(right, group)
        changed = await self._store.change(group, [other for other in group.posts if other != right.id], self._now())
        if changed is None:
            raise await self._stale(right)
        await self._settle(group.id)
        return await self._shown(right, None)

    async def _insert(self, post_ids: Iterable[str]) -> Group:
        now = self._now()
        group = Group(id=new_id(), version=first_version(now), posts=tuple(post_ids), created_at=now, updated_at=now)
        await self._store.insert(group)
        return group

    async def _settle(self, group_id: str) -> Group | None:
        """Have the heads name the group as it is now. It is read again until nobody has changed it meanwhile."""
        while (group := await self._store.get(group_id)) is not None:
            if lost := await self._store.mark(group):
                await self._without(group, tuple(post_id for post_id in group.posts if post_id not in lost))
            elif await self._store.shown(group):
                return group
        await self._store.unmark(group_id)
        return None

    async def _without(self, group: Group, rest: Sequence[str]) -> None:
        if rest:
            await self._store.change(group, rest, self._now())
        else:
            await self._store.delete(group)

    async def _named(self, who: Identity, post_ids: Sequence[str]) -> list[Post]:
        posts, faults = [], []
        for index, post_id in enumerate(post_ids):
            try:
                posts.append(await self._posts.get(post_id, visible_to=who))
            except NotFound:
                detail = say("There is no post {post!r}.", post=post_id)
                faults.append(FieldError(pointer=f"/posts/{index}", code="not_found", detail=detail))
        if faults:
            raise Invalid(faults)
        return posts

    async def _present(self, post_ids: Iterable[str]) -> list[Post]:
        """Those of these posts that were not removed for good, whoever may see them."""
        found = []
        for post_id in sorted(post_ids):
            try:
                found.append(await self._posts.get_unguarded(post_id))
            except NotFound:
                continue
        return found

    async def _stale(self, right: Editable) -> Stale:
        return Stale(await self._shown(right, await self._store.find(right.id)), ["posts"])

    async def _shown(self, right: Editable, group: Group | None) -> ShownGroup:
        posts = [right.post] if group is None else await self._present(group.posts)
        order = (right.id,) if group is None else group.posts
        items = [item for post in sorted(posts, key=lambda post: order.index(post.id)) if (item := _item(post, right))]
        version = NO_GROUP_VERSION if group is None else group.version
        return ShownGroup(post_id=right.id, version=version, items=tuple(items))


def _item(post: Post, right: Editable) -> GroupItem | None:
    """Of the working copy for who may edit it, of the live copy for its readers, and nothing for others."""
    if post.may_edit(right.who):
        copy = post.working
        return GroupItem(id=post.id, lang=copy.lang, slug=copy.slug, title=copy.title, status=post.status)
    live = post.live
    if live is None or live.audience not in audiences_of(right.who):
        return None
    return GroupItem(id=post.id, lang=live.lang, slug=live.slug, title=live.title, status=post.status)


def _require_right(post: Post, who: Identity) -> None:
    """Raises Forbidden. What readers see of a published post changes with its translations."""
    if post.has_readers:
        Publishable(post, who)
    else:
        Editable(post, who)


def _require_languages(posts: Sequence[Post]) -> None:
    """Raises Conflict `language_taken`. The indexes of the heads say the same; here before anything is written."""
    for copies in ([post.working for post in posts], [post.live for post in posts if post.live is not None]):
        langs = [copy.lang for copy in copies]
        if len({*langs}) < len(langs):
            raise language_taken()
