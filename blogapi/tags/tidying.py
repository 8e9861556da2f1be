"""What editors do with tags: they give them other names and slugs, merge them, delete them. Posts follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from blogapi.access.identity import Identity
from blogapi.audit.service import AuditService
from blogapi.errors import Conflict, Invalid, NotFound, Stale
from blogapi.jobs.model import Task
from blogapi.jobs.service import LongWork
from blogapi.pauses import pause_up_to
from blogapi.tags.model import RETAG_POSTS, Tag, TagEdit, no_tag
from blogapi.tags.rights import TagEditable
from blogapi.tags.store import SlugTaken, TagMoves, TagStore
from blogapi.translation.sentence import say

# So many posts as are done meanwhile are done before the answer.
_WITHIN_SECONDS = 2.0
_ATTEMPTS, _PAUSE_SECONDS = 10, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """A tag after a change, and what its posts still wait for, if they do."""

    tag: Tag
    task: Task | None = None


class Tidying:
    """The changes of tags.

    Each is decided by one update of the tag: from then on its former slugs lead to where it is now, for whoever saves a
    post or looks for one. Then the posts follow, one compare-and-set each.
    """

    def __init__(
        self, store: TagStore, moves: TagMoves, work: LongWork, audit: AuditService, now: Callable[[], datetime]
    ) -> None:
        self._store, self._moves, self._work, self._audit, self._now = store, moves, work, audit, now

    async def edit(self, right: TagEditable, edit: TagEdit, expected: frozenset[int]) -> Tidied:
        """Change name, description or slug. Raises Stale, Conflict `slug_taken`."""
        tag = right.tag
        tag.require_version(expected)
        changed = edit.changed(tag)
        if not changed:
            return Tidied(tag=tag)
        holder = await self._former_holder(edit.slug, tag) if "slug" in changed else None
        await self._audit.record("tag.updated", actor=right.who, target=tag.id, fields=changed)
        if holder is not None:
            await self._moves.take(edit.slug, holder)
        try:
            after = await self._moves.change(tag, {name: getattr(edit, name) for name in changed}, self._now())
        except SlugTaken:
            raise _slug_taken(edit.slug, tag) from None
        if after is None:
            if holder is not None:
                await self._moves.give_back(edit.slug, holder)
            raise await self._stale(tag)
        return await self._followed(after, right.who, after) if "slug" in changed else Tidied(tag=after)

    async def _former_holder(self, slug: str, tag: Tag) -> Tag | None:
        """The tag with this slug that was merged into this one. Raises Conflict for a slug of any other."""
        holder = await self._store.find_by_slug(slug)
        if holder is None or holder.id == tag.id:
            return None
        root = await self._store.root(holder)
        if root.id != tag.id:
            raise _slug_taken(slug, tag)
        return holder

    async def merge(self, right: TagEditable, into: str, expected: frozenset[int]) -> Tidied:
        """Make two tags one. Raises Stale, Invalid, Conflict; what is done already is done once."""
        tag, who = right.tag, right.who
        target = (await self._store.leads([into])).get(into)
        if target is None or target.gone is not None:
            raise Invalid.field("/into", "unknown_tag", say("There is no tag {tag!r}.", tag=into))
        if tag.gone is not None:
            if (await self._store.root(tag)).id != target.id:
                raise NotFound(say("This tag was merged into another one already."))
            return await self._followed(tag, who, target)
        if tag.id == target.id:
            raise Invalid.field("/into", "same_tag", say("A tag cannot be merged into itself."))
        tag.require_version(expected)
        await self._audit.record("tag.merged", actor=who, target=tag.id, into=target.id)
        for attempt in range(1, _ATTEMPTS + 1):
            if await self._moves.merge(tag, target, self._now()):
                merged = await self._reread(tag)
                return await self._followed(merged, who, await self._reread(target))
            await pause_up_to(_PAUSE_SECONDS * attempt)
            tag, target = await self._same(tag), await self._store.root(await self._reread(target))
            if target.gone is not None or target.id == tag.id:
                break
        raise Conflict(say("The other tag was merged or deleted in this moment. Look at both again."))

    async def delete(self, right: TagEditable, expected: frozenset[int]) -> Tidied:
        """Take the tag from all posts, and remove it. Raises Stale, Conflict."""
        tag, who = right.tag, right.who
        tag.require_version(expected)
        await self._audit.record("tag.deleted", actor=who, target=tag.id, slug=tag.slug)
        for attempt in range(1, _ATTEMPTS + 1):
            if await self._moves.delete(tag, self._now()):
                return await self._followed(tag, who, tag)
            await pause_up_to(_PAUSE_SECONDS * attempt)
            tag = await self._same(tag)
        raise Conflict(say("Other tags are being merged into this one. Try again in a moment."))

    async def finish(self, tag_id: str) -> None:
        """No post carries a former slug of this tag any more: if it was deleted, it goes for good."""
        tag = await self._store.get(tag_id)
        if tag is not None and tag.gone is not None and (await self._store.root(tag)).gone is not None:
            await self._moves.remove(await self._store.family(tag))

    async def is_followed(self, tag: Tag) -> bool:
        """Whether posts are following it, or what was merged into it, by long work: that comes to its end by itself."""
        moving = [each.id for each in await self._store.family(tag) if each.moved_at is not None]
        return any([await self._work.is_open(RETAG_POSTS, {"tag": tag_id}) for tag_id in moving])

    async def _followed(self, moved: Tag, who: Identity, shown: Tag) -> Tidied:
        task = await self._work.start(RETAG_POSTS, {"tag": moved.id}, who, within=_WITHIN_SECONDS)
        if task.is_open:
            return Tidied(tag=shown, task=task)
        return Tidied(tag=await self._store.get(shown.id) or shown)

    async def _reread(self, tag: Tag) -> Tag:
        return await self._store.get(tag.id) or tag

    async def _same(self, tag: Tag) -> Tag:
        """The tag as it is now, if it is still the same version. Raises Stale, NotFound."""
        present = await self._store.get(tag.id)
        if present is None or present.gone is not None:
            raise no_tag(tag.slug)
        if present.version != tag.version:
            raise await self._stale(tag)
        return present

    async def _stale(self, tag: Tag) -> Exception:
        present = await self._store.get(tag.id)
        if present is None or present.gone is not None:
            return no_tag(tag.slug)
        return Stale(present, present.changed_since({tag.version}))


def _slug_taken(slug: str, tag: Tag) -> Conflict:
    says = say(
        "Another tag has the slug {slug!r}, or had it. To make them one: POST /v1/tags/{tag}/merge.",
        slug=slug,
        tag=tag.slug,
    )
    return Conflict(says, code="slug_taken")
