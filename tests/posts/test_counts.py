"""The numbers of public posts of tags and authors, when whoever moves a post does not come to count it."""

import asyncio
import itertools
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import pytest

from blogapi.access.identity import Identity
from blogapi.app import create_app
from blogapi.clock import utc_now
from blogapi.deadline import LONGEST_WORK, OVER
from blogapi.feature import Wiring
from blogapi.posts.cache_sources import PUBLIC_PART
from blogapi.posts.model import Draft
from blogapi.posts.rights import Editable, Publishable, Purgeable
from blogapi.posts.service import PostService
from blogapi.posts.states.transitions import ARCHIVE, TRASH, UNPUBLISH
from blogapi.posts.store import PostStore
from blogapi.posts.store.survey import PostSurvey
from blogapi.tags.service import TagService
from blogapi.tags.store import TagStore
from blogapi.users.service import UserService
from blogapi.users.store import UserStore
from blogapi.wiring import SERVICES
from tests.conftest import QUIET, until
from tests.posts.loading import load

RACERS = 64
SOON = 2 * OVER


@pytest.fixture
def app(config, database, clock):
    """Without jobs: one of them settles counts, too, by the same clock."""
    return create_app(config, database, QUIET, clock)


@pytest.fixture
def services(client):
    return client.app[SERVICES]


@pytest.fixture
def adam(admin):
    """An administrator, as services know them."""
    return Identity(user_id=admin.id, role="admin")


@contextmanager
def death(database, *, after="posts", touching=None):
    """Whoever writes to this collection, or there to these fields alone, goes no further."""
    dead = set()

    def listener(write):
        task = asyncio.current_task()
        if write.collection == after and touching in (None, write.touched) and task not in dead:
            dead.add(task)
            raise asyncio.CancelledError  # at once: what `cancel` asks for comes late, or is lost in a driver

    database.on_write.append(listener)
    try:
        yield
    finally:
        database.on_write.remove(listener)


async def die(database, work):
    """Begin work, and die when the post has moved."""
    with death(database):
        task = asyncio.create_task(work)
        with suppress(asyncio.CancelledError):
            await task
    assert task.cancelled()


async def counts(services, *slugs):
    """The shown numbers of these tags, and of all people who have any."""
    tags = {slug: count async for slug, count in TagStore(services.database).post_counts() if slug in slugs}
    people = {user_id: count async for user_id, count in UserStore(services.database).posts_counts() if count}
    return tags, people


async def truth(services, *slugs):
    """What they should be."""
    posts = PostStore(services.database)
    tags = {slug: await posts.count_listed(tags=[slug]) for slug in slugs}
    authors = await PostSurvey(services.database).listed_authors()
    people = {user_id: await posts.count_listed(author_id=user_id) for user_id in authors}
    return tags, {user_id: count for user_id, count in people.items() if count}


async def no_mark(database):
    """A majority may have it a moment later."""
    return await database["posts"].count_documents({"uncounted.at": {"$exists": True}}) == 0


def draft(*tags, **fields):
    return Draft(title="Tea", tags=tags, **fields)


async def publish_again(posts, who, post):
    """With one tag less and one more, and by somebody else."""
    wish = draft("kept", "new", author_ids=(who.user_id,))
    edited = await posts.writing.edit(Editable(post, who), wish, frozenset({post.version}))
    return lambda: publish(posts, who, edited)


def publish(posts, who, post):
    return posts.states.publish(Publishable(post, who), frozenset({post.version}))


def take(posts, who, post, transition):
    return posts.states.apply(transition, transition.needs(post, who), frozenset({post.version}))


def step(transition):
    async def prepared(posts, who, post):
        return lambda: take(posts, who, post, transition)

    return prepared


async def purge(posts, who, post):
    return lambda: posts.states.purge(Purgeable(post, who), frozenset({post.version}))


async def hide(posts, who, post):
    hidden = draft("kept", "old", visibility="private")
    return lambda: posts.writing.edit(Editable(post, who), hidden, frozenset({post.version}))


async def make_a_page(posts, who, post):
    page = draft("kept", "old", kind="page")
    return lambda: posts.writing.edit(Editable(post, who), page, frozenset({post.version}))


async def make_a_post(posts, who, post):
    page = await (await make_a_page(posts, who, post))()
    again = draft("kept", "old", kind="post")
    return lambda: posts.writing.edit(Editable(page, who), again, frozenset({page.version}))


async def show_again(posts, who, post):
    archived = await take(posts, who, post, ARCHIVE)
    return lambda: publish(posts, who, archived)


async def create(posts, who, post):
    return lambda: posts.writing.create(who, draft("kept", "new", status="published"))


MOVES = {
    "publish": show_again,
    "publish something else": publish_again,
    "unpublish": step(UNPUBLISH),
    "archive": step(ARCHIVE),
    "trash": step(TRASH),
    "purge": purge,
    "hide": hide,
    "make it a page": make_a_page,
    "make a page a post": make_a_post,
    "create": create,
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES.keys())
async def test_move_of_somebody_who_died_before_counting_is_counted_later(services, database, clock, adam, bob, move):
    posts, names = services[PostService], ("kept", "old", "new")
    post = await posts.writing.create(adam, draft("kept", "old", author_ids=(bob.id,), status="published"))
    await services[TagService].use(names)
    work = await move(posts, adam, post)
    before = await counts(services, *names)
    await die(database, work())
    assert await counts(services, *names) == before != await truth(services, *names)

    clock.ahead = LONGEST_WORK
    assert await services[PostService].counts.settle() == 0  # somebody might still be at it
    assert await counts(services, *names) == before

    clock.ahead = SOON
    assert await services[PostService].counts.settle() == 1
    assert await counts(services, *names) == await truth(services, *names)
    assert await services[PostService].counts.settle() == 0


async def test_move_that_was_counted_leaves_no_mark(services, database, clock, adam, ada, write):
    post = await write(ada, tags=["tea"], status="published")
    posts = services[PostService]
    await posts.states.purge(await posts.reading.get(Purgeable, adam, post["id"]), frozenset({1}))
    await until(partial(no_mark, database))
    clock.ahead = SOON
    assert await services[PostService].counts.settle() == 0


async def test_change_that_moves_no_count_carries_no_mark(services, database, ada, write):
    writes = []
    post = await write(ada, tags=["tea"])
    database.on_write.append(writes.append)
    posts, who = services[PostService], Identity(user_id=ada.id, role="author")
    published = await publish(posts, who, (await posts.reading.get(Editable, who, post["id"])).post)
    await take(posts, who, published, ARCHIVE)
    marks = [write.touched for write in writes if write.collection == "posts" and "uncounted" in write.touched]
    assert marks[1::2] == [{"uncounted"}, {"uncounted"}]
    writes.clear()
    archived = await posts.reading.get(Editable, who, post["id"])
    await posts.writing.edit(archived, draft("coffee"), frozenset({3}))
    assert [write for write in writes if write.collection == "posts" and "uncounted" in write.touched] == []


async def test_taking_a_mark_away_shows_readers_nothing_new():
    """So no kept answer goes for it."""
    assert "uncounted" not in PUBLIC_PART.fields


async def test_who_comes_too_late_to_count_leaves_it_to_others(services, database, clock, ada, write):
    """Whoever was stopped for so long that an old mark may have been settled does not count any more."""
    posts, who = services[PostService], Identity(user_id=ada.id, role="author")
    post = (await posts.reading.get(Editable, who, (await write(ada, tags=["tea"]))["id"])).post

    def delay(write):
        if write.collection == "posts":
            clock.ahead = SOON

    database.on_write.append(delay)
    await publish(posts, who, post)
    database.on_write.remove(delay)
    assert (await counts(services, "tea"))[0] == {"tea": 0}
    clock.ahead = 2 * SOON
    assert await services[PostService].counts.settle() == 1
    assert (await counts(services, "tea"))[0] == {"tea": 1}


async def test_count_that_others_are_about_to_move_is_not_taken_anew(services, database, adam, clock):
    """It would be counted twice."""
    await die(database, services[PostService].writing.create(adam, draft("tea", status="published")))
    assert not await services[PostService].counts.recount_tag("tea")
    assert not await services[PostService].counts.recount_author(adam.user_id)
    assert await counts(services, "tea") == ({"tea": 0}, {})
    clock.ahead = SOON
    assert await services[PostService].counts.recount_tag("tea")
    assert await services[PostService].counts.recount_author(adam.user_id)
    assert await counts(services, "tea") == ({"tea": 1}, {adam.user_id: 1})


async def test_what_nobody_carries_needs_no_count(services):
    assert await services[PostService].counts.recount_tag("nonesuch")
    assert await services[PostService].counts.recount_author("0" * 24)


# What may come between the steps of who counts anew: sees the count, counts, looks for who is moving, corrects.


@dataclass
class Numbered:
    """A count that is taken anew, of a tag or of an author, with somebody who comes in between."""

    services: Wiring
    name: dict[str, str]
    """`{"tag": slug}` or `{"author_id": id}`."""

    @property
    def _which(self):
        return {"tags": [self.name["tag"]]} if "tag" in self.name else self.name

    async def shown(self):
        (name,) = self.name.values()
        tags, people = await counts(self.services, name)
        return {**tags, **people}.get(name, 0)

    async def true(self):
        return await PostStore(self.services.database).count_listed(**self._which)

    async def recount(self, *, before=None, after=None, missed=0):
        """Whether it was taken anew. Once, `before` comes to pass before the posts are counted, or `after`, after it;
        and so many posts are missed, that time.
        """
        calls = itertools.count()

        async def count():
            is_first = next(calls) == 0
            if is_first and before:
                await before()
            found = await self.true()
            if is_first and after:
                await after()
            return found - missed if is_first else found

        posts, (name,) = PostStore(self.services.database), self.name.values()
        is_moving = partial(posts.is_moving, utc_now() - OVER, **self._which)
        if "tag" in self.name:
            return await self.services[TagService].recount_posts(name, count, is_moving)
        return await self.services[UserService].recount_posts(name, count, is_moving)


@pytest.fixture(params=["tag", "author"])
def numbered(request, services, adam):
    return Numbered(services, {"tag": "tea"} if request.param == "tag" else {"author_id": adam.user_id})


@pytest.fixture
async def two_posts(services, adam):
    """One that is published, and a draft."""
    writing = services[PostService].writing
    return [await writing.create(adam, draft("tea", status=status)) for status in ("published", "draft")]


async def test_move_that_was_counted_meanwhile_is_not_taken_back(services, adam, numbered, two_posts):
    _, post = two_posts
    assert await numbered.recount(after=lambda: publish(services[PostService], adam, post))
    assert await numbered.shown() == await numbered.true() == 2


async def test_count_that_went_to_and_fro_meanwhile_is_taken_once_more(services, adam, numbered, two_posts):
    """It is what it was, and what was counted in between is not."""
    posts, published = services[PostService], []

    async def come():
        published.append(await publish(posts, adam, two_posts[1]))

    assert await numbered.recount(before=come, after=lambda: take(posts, adam, published.pop(), UNPUBLISH))
    assert await numbered.shown() == await numbered.true() == 1


async def test_post_that_was_missed_because_it_changed_its_place_is_found_again(services, numbered, two_posts):
    post, _ = two_posts
    counting = services[PostService].counts.between(
        post.live, replace(post.live, published_at=post.live.published_at - timedelta(days=1))
    )
    assert await numbered.recount(after=lambda: services[PostService].counts.follow(post.id, counting), missed=1)
    assert await numbered.shown() == await numbered.true() == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_post_that_somebody_is_about_to_count_is_not_counted_for_them(
    services, database, adam, clock, numbered, two_posts, when
):
    """They have moved it, and would count it a second time."""
    assert not await numbered.recount(
        **{when: lambda: die(database, publish(services[PostService], adam, two_posts[1]))}
    )
    assert (await numbered.shown(), await numbered.true()) == (1, 2)
    clock.ahead = SOON
    assert await services[PostService].counts.settle() == 1
    assert await numbered.shown() == 2


async def test_who_dies_without_a_mark_has_counted(services, database, adam, two_posts):
    with death(database, after="posts", touching={"uncounted"}):
        task = asyncio.create_task(publish(services[PostService], adam, two_posts[1]))
        with suppress(asyncio.CancelledError):
            await task
    await until(partial(no_mark, database))
    assert await counts(services, "tea") == await truth(services, "tea")


@pytest.mark.parametrize("after", ["tags", "users"])
async def test_who_dies_in_the_middle_of_counting_is_counted_for(services, database, adam, clock, two_posts, after):
    with death(database, after=after):
        task = asyncio.create_task(publish(services[PostService], adam, two_posts[1]))
        with suppress(asyncio.CancelledError):
            await task
    clock.ahead = SOON
    await services[PostService].counts.settle()
    assert await counts(services, "tea") == await truth(services, "tea")


async def test_who_counts_leaves_the_mark_of_somebody_who_died(services, database, adam, clock, two_posts):
    posts = services[PostService]
    await die(database, publish(posts, adam, two_posts[1]))
    published = (await posts.reading.get(Editable, adam, two_posts[1].id)).post
    await take(posts, adam, published, ARCHIVE)
    clock.ahead = SOON
    assert await posts.counts.settle() >= 1  # the other mark may go a moment later
    assert await counts(services, "tea") == await truth(services, "tea")


@pytest.mark.parametrize("shared", ["tag", "author"])
async def test_mark_stays_until_its_counts_could_be_taken(services, database, adam, bob, clock, two_posts, shared):
    """Somebody moves another post of this tag, or by this author, just now."""
    posts = services[PostService]
    await die(database, publish(posts, adam, two_posts[1]))
    clock.ahead = SOON
    other = draft("tea", author_ids=(bob.id,)) if shared == "tag" else draft("milk")
    await die(database, posts.writing.create(adam, replace(other, status="published")))
    assert await posts.counts.settle() == 0
    assert await database["posts"].count_documents({"uncounted.at": {"$exists": True}}) == 2
    clock.ahead = 2 * SOON
    assert await posts.counts.settle() == 2
    assert await counts(services, "tea", "milk") == await truth(services, "tea", *(["milk"] * (shared == "author")))


@pytest.mark.mongod
@pytest.mark.parametrize("database", ["mongod"], indirect=True)
@pytest.mark.parametrize("dying", [0, 16], ids=["nobody dies", "some die"])
async def test_counts_are_exact_after_a_race_with_those_who_count_anew(services, database, clock, adam, bob, dying):
    """64 writers move posts while others take the counts anew again and again, and some writers die in the middle."""
    posts, running = services[PostService], True
    await services[TagService].use(["tea", "milk"])
    await load(services, bob, 100, tags=("tea",))
    assert await services[PostService].counts.recount_tag("tea")
    assert await services[PostService].counts.recount_author(bob.id)
    made = [await posts.writing.create(adam, draft("tea", "milk")) for _ in range(RACERS)]

    async def move(post):
        post = await publish(posts, adam, post)
        if int(post.id, 16) % 2:
            post = await take(posts, adam, post, UNPUBLISH)
            await publish(posts, adam, post)

    async def count_anew():
        done = 0
        while running:
            done += await services[PostService].counts.recount_tag("tea")
            done += await services[PostService].counts.recount_tag("milk")
            done += await services[PostService].counts.recount_author(adam.user_id)
        return done

    recounting = [asyncio.create_task(count_anew()) for _ in range(4)]
    for post in made[:dying]:
        await die(database, publish(posts, adam, post))
    await asyncio.gather(*(move(post) for post in made[dying:]))
    clock.ahead = SOON if dying else clock.ahead
    settled = await services[PostService].counts.settle()
    running = False
    assert sum(await asyncio.gather(*recounting))
    assert settled >= dying  # the mark of who counted last may go a moment later
    assert await counts(services, "tea", "milk") == await truth(services, "tea", "milk")
    assert (await counts(services, "milk"))[0] == {"milk": RACERS}
