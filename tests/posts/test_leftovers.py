"""What a writer who dies in the middle leaves beside posts: claims, and parts of posts that are gone."""

import asyncio

import pytest

from blogapi.access.identity import Identity
from blogapi.clock import utc_now
from blogapi.db.client import new_id
from blogapi.deadline import LONGEST_WORK, OVER
from blogapi.operations.doctor import examine
from blogapi.posts.checks import post_checks
from blogapi.posts.model import Draft
from blogapi.posts.revisions.store import RevisionStore
from blogapi.posts.rights import Editable, Publishable, Purgeable
from blogapi.posts.service import PostService
from blogapi.posts.states.transitions import TRASH
from blogapi.posts.store import AddressStore, PostStore, SlugStore
from blogapi.wiring import SERVICES

SOON = 2 * OVER


@pytest.fixture
def services(client):
    return client.app[SERVICES]


@pytest.fixture
def adam(admin):
    """An administrator, as services know them."""
    return Identity(user_id=admin.id, role="admin")


class Died(Exception):
    """Whoever was writing goes no further."""


async def die(database, work, *, after):
    """Begin work, and die as soon as this collection was written to."""

    def listener(write):
        if write.collection == after:
            raise Died

    database.on_write.append(listener)
    with pytest.raises(Died):
        await work
    database.on_write.remove(listener)


async def nothing():
    pass


async def found(services):
    """What `doctor` finds of posts, by check."""
    return {
        finding.check
        for finding in await examine(post_checks(services).all(), settle=nothing, fix=False)
        if finding.found
    }


async def claimed(database):
    return {document["_id"] async for document in database["slugs"].find()}


def draft(**fields):
    return Draft(**{"title": "Tea", "tags": (), **fields})


async def create(posts, adam, post):
    return posts.writing.create(adam, draft(title="Milk"), addresses=["/milk"])


async def edit(posts, adam, post):
    return posts.writing.edit(Editable(post, adam), draft(title="Milk"), frozenset({post.version}))


async def trash_and_purge(posts, adam, post):
    edited = await posts.writing.edit(Editable(post, adam), draft(body="b"), frozenset({post.version}))
    trashed = await posts.states.apply(TRASH, TRASH.needs(edited, adam), frozenset({edited.version}))
    return posts.states.purge(Purgeable(trashed, adam), frozenset({trashed.version}))


DEATHS = {
    "new post, slug claimed": (create, "slugs", {"claims of unused slugs"}),
    "new post, address claimed": (create, "addresses", {"claims of unused slugs", "addresses without a post"}),
    "edit, slug claimed": (edit, "slugs", {"claims of unused slugs"}),
    "edit, saved": (edit, "posts", {"claims of unused slugs"}),
    "purge": (
        trash_and_purge,
        "posts",
        {"claims of unused slugs", "addresses without a post", "revisions without a post"},
    ),
}


@pytest.mark.parametrize(("begin", "after", "left"), DEATHS.values(), ids=DEATHS)
async def test_what_somebody_left_who_died_is_removed_later(services, database, clock, adam, begin, after, left):
    posts = services[PostService]
    post = await posts.writing.create(adam, draft(), addresses=["/tea"])
    clock.ahead = SOON
    await posts.leftovers.settle()  # the claims of the first post have been looked at
    await die(database, await begin(posts, adam, post), after=after)
    before = await claimed(database)

    clock.ahead = SOON + LONGEST_WORK
    assert await posts.leftovers.settle() == 0  # somebody might still be at it
    assert await claimed(database) == before

    clock.ahead = 2 * SOON
    assert await found(services) == left
    await posts.leftovers.settle()
    assert await found(services) == set()
    assert await claimed(database) < before
    assert await posts.leftovers.settle() == 0


async def test_slug_of_somebody_who_died_is_free_for_others(services, database, clock, adam):
    posts = services[PostService]
    await die(database, posts.writing.create(adam, draft(slug="tea")), after="slugs")
    clock.ahead = SOON
    assert await posts.leftovers.settle() == 1
    assert (await posts.writing.create(adam, draft(slug="tea"))).working.slug == "tea"


async def test_what_is_in_use_is_looked_at_once_and_stays(services, database, clock, adam):
    """Also former slugs that lead readers on, and addresses."""
    posts = services[PostService]
    post = await posts.writing.create(adam, draft(status="published"), addresses=["/tea"])
    edited = await posts.writing.edit(Editable(post, adam), draft(slug="milk"), frozenset({post.version}))
    await posts.states.publish(Publishable(edited, adam), frozenset({edited.version}))
    clock.ahead = SOON
    assert await posts.leftovers.settle() == 0
    assert await claimed(database) == {"tea", "milk"}
    for name, count in (("slugs", 2), ("addresses", 1)):
        assert await database[name].count_documents({}) == count
        assert await database[name].count_documents({"claimed_at": {"$exists": True}}) == 0


async def test_claim_that_is_made_again_meanwhile_stays(services, database, clock):
    """The one who looks has seen the old claim, and that no post uses it; then a retry claims it, and will save."""
    slugs, addresses, post_id = SlugStore(database), AddressStore(database), new_id()
    await slugs.claim("tea", post_id, utc_now() - SOON)
    await addresses.claim(["/tea"], post_id, utc_now() - SOON)
    moment = utc_now() - OVER
    ((slug, _, claims),) = await slugs.unsettled_before(moment, limit=9)
    await slugs.claim("tea", post_id, utc_now())
    await addresses.claim(["/tea"], post_id, utc_now())
    assert not await slugs.release(slug, post_id, claims)
    assert not await addresses.release("/tea", post_id, moment)
    await slugs.settled(["tea"], moment)
    await addresses.settled(["/tea"], moment)
    later = utc_now() + OVER
    assert (
        len(await slugs.unsettled_before(later, limit=9)) == len(await addresses.unsettled_before(later, limit=9)) == 1
    )
    assert await slugs.holder("tea") == post_id


async def test_bulk_claim_that_is_made_again_counts_as_new(services, database):
    slugs, post_id, other = SlugStore(database), new_id(), new_id()
    await slugs.claim("tea", post_id, utc_now() - SOON)
    await slugs.claim("milk", other, utc_now())
    assert await slugs.claim_many({"tea": post_id, "milk": post_id, "new": post_id}, utc_now()) == {"milk"}
    assert await slugs.unsettled_before(utc_now() - OVER, limit=9) == []


async def test_revision_that_is_kept_after_the_post_is_gone_goes_too(services, database, clock, adam):
    """By somebody who was editing it at that moment."""
    posts = services[PostService]
    post = await posts.writing.create(adam, draft())
    trashed = await posts.states.apply(TRASH, TRASH.needs(post, adam), frozenset({1}))
    await posts.states.purge(Purgeable(trashed, adam), frozenset({2}))
    await RevisionStore(database).keep(post)
    clock.ahead = SOON
    await posts.leftovers.settle()
    assert await found(services) == set()
    assert await PostStore(database).unswept_before(utc_now() + 2 * SOON, limit=9) == []


async def test_many_look_at_once(services, database, clock, adam):
    posts = services[PostService]
    for number in range(8):
        await die(database, posts.writing.create(adam, draft(title=f"Tea {number}")), after="slugs")
    kept = await posts.writing.create(adam, draft())
    clock.ahead = SOON
    assert sum(await asyncio.gather(*(posts.leftovers.settle() for _ in range(8)))) == 8
    assert await claimed(database) == {kept.working.slug}
