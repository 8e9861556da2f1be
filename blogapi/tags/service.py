"""What can be done with tags."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from blogapi.access.identity import Identity, Viewer
from blogapi.counting import recount
from blogapi.errors import Conflict
from blogapi.paging.page import Page, PageRequest
from blogapi.tags.model import Tag, no_tag
from blogapi.tags.rights import TagEditable
from blogapi.tags.store import TagStore
from blogapi.tags.tidying import Tidying
from blogapi.translation.sentence import say

# Of two who make a tag or move one at the same time, the slower one looks again.
_ATTEMPTS = 5


class TagService:
    """Tags are made when a post first carries them. Readers see those that a public post carries."""

    def __init__(self, store: TagStore, tidying: Tidying, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self.tidying = tidying
        """What editors do with tags."""

    async def read(self, key: str, who: Viewer) -> Tag:
        """By slug, present or former, or id. Raises NotFound.

        Editors see also what no public post carries, others what readers see.
        """
        found = await self._present(key)
        if found is None or (found.post_count <= 0 and not found.may_edit(who)):
            raise no_tag(key)
        return found

    async def _present(self, key: str) -> Tag | None:
        """The tag to which this leads, whoever may see it; None also for one that is being deleted."""
        found = await self._store.find(key)
        if found is not None and found.gone is not None:
            root = await self._store.root(found)
            found = await self._store.get(root.id)
        return None if found is None or found.gone is not None else found

    async def get(self, who: Identity, key: str) -> TagEditable:
        """The same with a right to change it. Raises NotFound, Forbidden."""
        found = await self._present(key)
        if found is None:
            raise no_tag(key)
        return TagEditable(found, who)

    async def get_itself(self, who: Identity, key: str) -> TagEditable:
        """The same, but of what was merged into another tag, that tag's own document. Raises NotFound, Forbidden."""
        found = await self._store.find(key)
        if found is None or (found.gone is not None and found.gone.into is None):
            raise no_tag(key)
        return TagEditable(found, who)

    async def list(self, page: PageRequest, sort: str) -> Page[Tag]:
        """The tags that readers see."""
        return await self._store.list(page, sort)

    # For posts

    async def use(
        self, slugs: Iterable[str], names: Mapping[str, str] | None = None, *, kept: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """The present slugs of these tags, for a post that is to carry them; what is missing is made.

        A tag that is being deleted is left out where the post carried it already (`kept`). Raises Conflict for others.
        """
        wanted = tuple(dict.fromkeys(slugs))
        leads = await self._store.leads(wanted) if wanted else {}
        for _ in range(_ATTEMPTS):
            missing = [slug for slug in wanted if slug not in leads]
            if not missing:
                break
            await self._store.ensure({slug: (names or {}).get(slug, "") for slug in missing}, self._now())
            leads |= await self._store.leads(missing)
        going = [slug for slug in wanted if slug in leads and leads[slug].gone is not None]
        if refused := [slug for slug in going if slug not in {*kept}]:
            raise Conflict(say("The tag {tag!r} is being deleted. Try again in a moment.", tag=refused[0]))
        present = (leads[slug].slug if slug in leads else slug for slug in wanted if slug not in going)
        return tuple(dict.fromkeys(present))

    async def selected(self, slugs: Iterable[str]) -> tuple[str, ...]:
        """By which slugs the posts are found that a list with these tags shows.

        That is one for each tag, but for one that has just moved: until all posts have followed, it is also found by
        its former ones. A tag that is being deleted has no posts.
        """
        wanted = tuple(dict.fromkeys(slugs))
        leads = await self._store.leads(wanted)
        found = [slug for slug in wanted if slug not in leads]
        for tag in {tag.id: tag for tag in leads.values() if tag.gone is None}.values():
            found += [tag.slug] if tag.moved_at is None else await self._all_names(tag)
        return tuple(dict.fromkeys(found))

    async def _all_names(self, tag: Tag) -> Sequence[str]:
        family = await self._store.family(tag)
        return sorted({name for each in family if each.moved_at is not None for name in each.names} | {tag.slug})

    async def former_slugs(self, tag_id: str) -> frozenset[str]:
        """The slugs that posts must not carry any more, of this tag and of what was merged into it."""
        tag = await self._store.get(tag_id)
        if tag is None:
            return frozenset()
        names = frozenset().union(*(each.names for each in await self._store.family(tag)))
        return names if tag.gone is not None else names - {tag.slug}

    async def moved_before(self, moment: datetime, limit: int) -> Sequence[Tag]:
        """Tags whose slugs came to lead elsewhere before then, of which posts may carry some."""
        return await self._store.moved_before(moment, limit)

    async def settled(self, tag: Tag) -> None:
        """No post carries a former slug of this tag any more, and nobody is saving one who looked it up before."""
        await self.tidying.finish(tag.id)
        await self._store.settled(tag)

    async def add_to_post_counts(self, slugs: Iterable[str], delta: int) -> None:
        """Add to the counts of public posts."""
        await self._store.add_to_post_counts(slugs, delta)

    async def named(self, slug: str, name: str) -> Tag:
        """The tag to which this slug leads as it is, or a new one of this name."""
        (present,) = await self.use([slug], {slug: name})
        return (await self._store.leads([present]))[present]

    async def counted_with(self, slug: str) -> frozenset[str]:
        """All slugs that are counted together with this one; none when there is no such tag."""
        return await self._store.names(slug)

    async def recount_posts(
        self, slug: str, count: Callable[[], Awaitable[int]], is_moving: Callable[[], Awaitable[bool]]
    ) -> bool:
        """Count anew and correct the count; False when others change it too often just now."""
        see, correct = partial(self._store.post_count, slug), partial(self._store.correct_post_count, slug)
        return await recount(see, count, is_moving, correct)

    # For `doctor`

    def all(self) -> AsyncIterator[Tag]:
        """Every tag, those that have gone, too."""
        return self._store.all()

    async def id_behind(self, slug: str) -> str | None:
        """The id of the tag that has, or had, this slug, and may have gone."""
        found = await self._store.find_by_slug(slug)
        return None if found is None else found.id

    async def leads(self, slugs: Iterable[str]) -> dict[str, str | None]:
        """Of those slugs that are known, to which one each leads now; None where that tag is being deleted."""
        found = await self._store.leads(slugs)
        return {slug: None if tag.gone is not None else tag.slug for slug, tag in found.items()}
