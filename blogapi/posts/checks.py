"""What `doctor` looks for among posts, and how it repairs that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial

from blogapi.deadline import OVER
from blogapi.feature import Wiring
from blogapi.operations.doctor import Check, Problem, in_batches, up_to_people
from blogapi.posts.revisions.store import RevisionStore
from blogapi.posts.schedules.store import ScheduleStore
from blogapi.posts.service import PostService
from blogapi.posts.store import AddressStore, PostStore, SlugStore
from blogapi.posts.store.survey import PostSurvey
from blogapi.posts.translations.store import TranslationStore
from blogapi.tags.service import TagService
from blogapi.users.service import UserService

_MOST_TOLD = 1000


class PostChecks:
    """The checks, by what they look at."""

    def __init__(
        self,
        posts: PostStore,
        survey: PostSurvey,
        revisions: RevisionStore,
        slugs: SlugStore,
        addresses: AddressStore,
        translations: TranslationStore,
        schedules: ScheduleStore,
        service: PostService,
        users: UserService,
        tags: TagService,
        now: Callable[[], datetime],
    ) -> None:
        self._posts, self._survey, self._revisions, self._slugs = posts, survey, revisions, slugs
        self._addresses, self._translations, self._schedules = addresses, translations, schedules
        self._service, self._users, self._tags, self._now = service, users, tags, now
        self._counts = service.counts

    def all(self) -> list[Check]:
        """In the order in which their findings are told."""
        return [
            Check("claims of unused slugs", self.unused_claims),
            Check("slugs without a claim", self.unclaimed_slugs),
            Check("addresses without a post", self.unused_addresses),
            Check("posts beside their translations", self.translations),
            Check("stale bylines", self.bylines),
            Check("moves left uncounted", self.uncounted),
            Check("posts with former tags", self.former_tags),
            Check("post counts of tags", self.tag_counts),
            Check("post counts of authors", self.author_counts),
            Check("schedules out of place", self.schedules),
            Check("digests of other revisions", self.digests),
            Check("posts that break the schema of custom", self.broken_custom),
            Check("indexes of fields in custom", self.unindexed_custom),
            Check("revisions without a post", self.orphaned_revisions),
            Check("missing revisions", self.missing_revisions),
        ]

    async def broken_custom(self) -> AsyncIterator[Problem]:
        """Posts with fields of their own that the schema in the settings does not allow."""
        async for post_id in self._service.custom.broken():
            yield Problem(f"post {post_id}", up_to_people)

    async def unindexed_custom(self) -> AsyncIterator[Problem]:
        """Fields by which lists are filtered without an index."""
        custom = self._service.custom

        async def create(name: str) -> bool:
            await custom.index_filters()
            return name not in await custom.unindexed()

        for name in sorted(await custom.unindexed()):
            yield Problem(f"custom.{name}", partial(create, name))

    async def unused_claims(self) -> AsyncIterator[Problem]:
        """Slugs that nobody else can have, though their post neither has nor had them."""
        # A claim comes before the post that needs it, so the newest ones prove nothing.
        slugs = self._slugs
        async for batch in in_batches(slugs.claimed_before(self._now() - OVER)):
            for slug, post_id, claims in await self._service.leftovers.unused(batch):

                async def release(slug: str = slug, post_id: str = post_id, claims: list[str] = claims) -> bool:
                    return await slugs.release(slug, post_id, claims)

                yield Problem(f"{slug} for post {post_id}", release)

    async def unclaimed_slugs(self) -> AsyncIterator[Problem]:
        """Slugs of posts that another post could take, or has taken."""
        slugs = self._slugs
        async for batch in in_batches(self._survey.all_slugs()):
            holders = await slugs.holders([slug for slug, _ in batch])
            for slug, post_id in batch:
                if holders.get(slug) != post_id:

                    async def claim(slug: str = slug, post_id: str = post_id) -> bool:
                        return await slugs.claim(slug, post_id, self._now()) is not None

                    holder = holders.get(slug, "nobody")
                    yield Problem(f"{slug} of post {post_id} is held by {holder}", claim, f"{slug} of post {post_id}")

    async def unused_addresses(self) -> AsyncIterator[Problem]:
        """Former addresses of posts that never came, or were removed for good."""
        addresses, posts = self._addresses, self._posts
        async for batch in in_batches(addresses.claimed_before(self._now() - OVER)):
            kept = await posts.slugs_of({post_id for _, post_id in batch})
            for address, post_id in batch:
                if post_id not in kept:

                    async def release(address: str = address, post_id: str = post_id) -> bool:
                        return await addresses.release(address, post_id, self._now() - OVER)

                    yield Problem(f"{address} for post {post_id}", release)

    async def translations(self) -> AsyncIterator[Problem]:
        """Groups of translations whose posts do not say that they are in it, or others do. Readers go by that."""
        store, repair = self._translations, self._service.translations.repair
        async for batch in in_batches(store.all()):
            marks = await store.marks([group.id for group in batch])
            for group in batch:
                if marks.get(group.id, frozenset()) != frozenset(group.members):
                    yield Problem(f"group {group.id}", partial(repair, group.id))
        async for marked in in_batches(store.marked()):
            for group_id in sorted({*marked} - await store.existing({*marked})):
                yield Problem(f"group {group_id}, which is not there", partial(repair, group_id), f"group {group_id}")

    async def bylines(self) -> AsyncIterator[Problem]:
        """People whose name or picture in posts is not the present one."""
        present = {byline.id: byline async for byline in self._users.all_bylines()}
        stale: set[str] = set()
        async for shown in self._survey.all_bylines():
            if shown.id in present and shown != present[shown.id]:
                stale.add(shown.id)
        for user_id in sorted(stale):

            async def refresh(user_id: str = user_id) -> bool:
                await self._service.bylines.show_present(user_id)
                return True

            yield Problem(present[user_id].username, refresh)

    async def uncounted(self) -> AsyncIterator[Problem]:
        """Posts that somebody moved and did not come to count. A server that runs looks after them by itself."""
        for post_id, mark in await self._posts.uncounted_before(self._now() - OVER, limit=_MOST_TOLD):
            yield Problem(f"post {post_id}, {', '.join([*mark.tags, *mark.author_ids])}", self._settle_counts)

    async def _settle_counts(self) -> bool:
        await self._counts.settle()
        return not await self._posts.uncounted_before(self._now() - OVER, limit=1)

    async def schedules(self) -> AsyncIterator[Problem]:
        """Posts that are not looked for when something is due, or are looked for in vain."""
        async for post_id, why in self._schedules.out_of_place():
            yield Problem(f"post {post_id}: {why}", partial(self._service.schedules.put_right, post_id), post_id)

    async def digests(self) -> AsyncIterator[Problem]:
        """Posts whose digests an earlier version left behind: lists make them anew each time."""
        async for post_id in self._survey.undigested():
            yield Problem(f"of post {post_id}", partial(self._posts.digest, post_id))

    async def missing_revisions(self) -> AsyncIterator[Problem]:
        """Numbers below the newest revision of a post under which nothing is kept. Nobody can bring that back."""
        async for batch in in_batches(self._survey.working_revisions()):
            for post_id, numbers in (await self._revisions.missing(dict(batch))).items():
                yield Problem(f"{', '.join(map(str, numbers))} of post {post_id}", up_to_people)

    async def orphaned_revisions(self) -> AsyncIterator[Problem]:
        """Revisions of posts that were removed for good."""
        revisions, posts = self._revisions, self._posts
        async for batch in in_batches(revisions.post_ids()):
            kept = await posts.slugs_of(batch)
            for post_id in batch:
                if post_id not in kept:

                    async def delete(post_id: str = post_id) -> bool:
                        await revisions.delete_all(post_id)
                        return True

                    yield Problem(f"of post {post_id}", delete)

    async def former_tags(self) -> AsyncIterator[Problem]:
        """Slugs that posts carry and that lead to another tag now, or to none."""
        carried = await self._survey.all_tags()
        leads = await self._tags.leads(carried)
        for slug in sorted(carried):
            if leads.get(slug) != slug:
                how = "there is no such tag" if slug not in leads else f"it is {leads[slug] or 'deleted'} now"
                yield Problem(f"{slug}: {how}", partial(self._service.tagging.repair, slug), slug)

    async def tag_counts(self) -> AsyncIterator[Problem]:
        """Tags whose number of public posts is wrong."""
        async for tag in self._tags.all():
            right, slug = await self._posts.count_listed(tags=tag.names), min(tag.names, default=tag.slug)
            if tag.post_count != right:
                repair = partial(self._counts.recount_tag, slug)
                yield Problem(f"{slug}: {tag.post_count} instead of {right}", repair, slug)

    async def author_counts(self) -> AsyncIterator[Problem]:
        """People whose number of public posts is wrong."""
        authors = await self._survey.listed_authors()
        async for user_id, seen in self._users.posts_counts():
            right = await self._posts.count_listed(author_id=user_id) if seen or user_id in authors else 0
            if seen != right:
                repair = partial(self._counts.recount_author, user_id)
                yield Problem(f"{user_id}: {seen} instead of {right}", repair, user_id)


def post_checks(wiring: Wiring) -> PostChecks:
    """Over the stores and services of a blog."""
    database = wiring.database
    posts, survey, revisions = PostStore(database), PostSurvey(database), RevisionStore(database)
    slugs, addresses = SlugStore(database), AddressStore(database)
    groups, schedules = TranslationStore(database), ScheduleStore(database)
    services = wiring[PostService], wiring[UserService], wiring[TagService]
    return PostChecks(posts, survey, revisions, slugs, addresses, groups, schedules, *services, wiring.now)
