"""Translations: which posts are one work in several languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from blogapi.access.identity import Identity
from blogapi.db.client import new_id
from blogapi.deadline import OVER
from blogapi.errors import Conflict, FieldError, Forbidden, Invalid, Stale
from blogapi.posts.audiences import audiences_of
from blogapi.posts.copies import Live, Working
from blogapi.posts.model import Post
from blogapi.posts.rights import Editable, Publishable
from blogapi.posts.states.transitions import require_not_trashed
from blogapi.posts.translations.model import (
    NO_GROUP_VERSION,
    Group,
    GroupItem,
    ShownGroup,
    first_version,
    in_another_group,
    language_taken,
)
from blogapi.posts.translations.store import TranslationStore
from blogapi.translation.sentence import say

_AT_A_TIME = 100


class Translations:
    """The groups of posts.

    A post is in one group: a unique index sees to it. Two posts of a group have different languages, their working
    copies as well as their live copies: unique indexes over the heads see to it. Who is in a group is decided by one
    update of the group; the heads name it a moment later, and `settle` makes good what a crash leaves in between.
    """

    def __init__(self, store: TranslationStore, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

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
        falling_out = {} if is_leaving else await self._store.heads({*before} - {*post_ids})
        for post in [*posts, *falling_out.values()]:
            _require_right(post, right.who)
        if (NO_GROUP_VERSION if group is None else group.version) not in expected:
            raise Stale(await self._shown(right, group), ["posts"])
        if is_leaving:
            return await self._leave(right, group)
        for post in posts:
            if post.id not in before:
                require_not_trashed(post)
        _require_languages(posts)
        for other in await self._store.find_all(post_ids):
            if group is None or other.id != group.id:
                await self._give_up(other)
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

    async def _give_up(self, group: Group) -> None:
        """Have a post that is alone in its group join another one. Raises Conflict where it has translations."""
        if group.members:
            raise in_another_group()  # the unique index says the same; here before anything is written
        await self._store.delete(group)

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
        heads = await self._store.heads(post_ids)
        unknown = [at for at, post_id in enumerate(post_ids) if post_id not in heads or not _seen(heads[post_id], who)]
        if unknown:
            raise Invalid([_not_found(at, post_ids[at]) for at in unknown])
        return [heads[post_id] for post_id in post_ids]

    async def _stale(self, right: Editable) -> Stale:
        return Stale(await self._shown(right, await self._store.find(right.id)), ["posts"])

    async def _shown(self, right: Editable, group: Group | None) -> ShownGroup:
        order = (right.id,) if group is None else group.posts
        heads = {right.id: right.post} if group is None else await self._store.heads(order)
        items = [item for post_id in order if post_id in heads and (item := _item(heads[post_id], right.who))]
        version = NO_GROUP_VERSION if group is None else group.version
        return ShownGroup(post_id=right.id, version=version, items=tuple(items))


def _seen(post: Post, who: Identity) -> Working | Live | None:
    """The working copy for who may edit it, the live copy for its readers, and nothing for others."""
    if post.may_edit(who):
        return post.working
    return post.live if post.live is not None and post.live.audience in audiences_of(who) else None


def _item(post: Post, who: Identity) -> GroupItem | None:
    copy = _seen(post, who)
    if copy is None:
        return None
    return GroupItem(id=post.id, lang=copy.lang, slug=copy.slug, title=copy.title, status=post.status)


def _not_found(at: int, post_id: str) -> FieldError:
    detail = say("There is no post {post!r}.", post=post_id)
    return FieldError(pointer=f"/posts/{at}", code="not_found", detail=detail)


def _require_right(post: Post, who: Identity) -> None:
    """Raises Forbidden. What readers see of a published post changes with its translations."""
    if not post.may_edit(who):
        # Maybe of one that was left out because its draft is not shown to who asks.
        raise Forbidden(
            say(
                "This takes the right to edit all posts of the work, also those that are left out. To take your own "
                "post out, send its id alone."
            )
        )
    if post.has_readers:
        Publishable(post, who)


def _require_languages(posts: Sequence[Post]) -> None:
    """Raises Conflict `language_taken`. The indexes of the heads say the same; here before anything is written."""
    for copies in ([post.working for post in posts], [post.live for post in posts if post.live is not None]):
        langs = [copy.lang for copy in copies]
        if len({*langs}) < len(langs):
            raise language_taken()
