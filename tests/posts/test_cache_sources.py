"""What a query returns and what the read cache takes it to be made from agree, whatever the posts and the questions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blogapi.access.identity import Byline, Identity
from blogapi.cache.cache import Cache
from blogapi.cache.sources import collecting
from blogapi.paging.page import PageRequest, Position
from blogapi.posts.audiences import audience_of
from blogapi.posts.cache_sources import POSTS, PUBLIC_GROUPS, PUBLIC_PART, TRANSLATIONS
from blogapi.posts.copies import Content, live_copy, working_copy
from blogapi.posts.model import KINDS, Post, PublicFilter
from blogapi.posts.store import PostStore
from blogapi.posts.translations.model import Group
from blogapi.posts.translations.store import TranslationStore

# Few of each, so that they meet; and equal moments, among which the id decides.
MOMENTS = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
IDS = [f"{number:024x}" for number in (1, 2, 3, 5, 6, 7)]
NEW_IDS = ["0" * 24, "0" * 23 + "4", "f" * 24]
PEOPLE, TAGS, LANGS, SLUGS = [f"{number:024x}" for number in (100, 101)], ("tea", "milk"), ("en", "de"), ("one", "two")


# By a value, and by each in an array; what is deeper is not found.
# Without booleans, which the mock takes for 1 and 0.
VALUES = st.sampled_from([1, 1.0, 2, "Bees", None, ["Bees", 1], [["Bees"]]])
CUSTOMS = st.dictionaries(st.just("series"), VALUES)
WANTED = st.sampled_from([(1,), (2.0,), ("Bees",), ("Bees", 2)])


def some(values):
    return st.lists(st.sampled_from(values), unique=True, max_size=2).map(tuple)


def some_custom(least):
    """A filter by fields of one's own."""
    return st.dictionaries(st.just("series"), WANTED, min_size=least, max_size=1).map(
        lambda given: tuple(given.items())
    )


@st.composite
def posts(draw, ids=IDS):
    """A head document in any state."""
    moment, slug = draw(st.sampled_from(MOMENTS)), draw(st.sampled_from(SLUGS))
    authors = tuple(Byline(id=user_id, username="u", display_name="U") for user_id in draw(some(PEOPLE)))
    lang = draw(st.sampled_from([*LANGS, None]))
    content = Content(
        title=draw(st.sampled_from("ab")),
        slug=slug,
        tags=draw(some(TAGS)),
        authors=authors,
        lang=lang,
        custom=draw(CUSTOMS),
    )
    working = working_copy(content, 1, Identity(user_id=IDS[0], role="author"), moment, note="", kind="create")
    live = live_copy(content, 1, version=1, since=moment, now=moment, audience="public")
    visibility = draw(st.sampled_from(["public", "public", "public", "unlisted", "members", "private", None]))
    kind = draw(st.sampled_from(["post", *KINDS]))
    audience = None if visibility is None else audience_of(visibility, kind)
    post = Post(
        id=draw(st.sampled_from(ids)),
        version=1,
        status="draft" if audience is None else "published",
        kind=kind,
        featured=draw(st.booleans()),
        working=working,
        live=draw(st.sampled_from([None, replace(live, audience=None)])) if audience is None else live,
        created_at=moment,
        updated_at=moment,
    )
    if post.live is None:
        return post
    return replace(post, live=replace(post.live, audience=audience), live_slugs=(slug,))


ALL_FILTERS = st.builds(
    PublicFilter,
    kinds=st.sampled_from([("post",), ("post",), ("page",), KINDS]),
    tags=some(TAGS),
    author_ids=some(PEOPLE),
    langs=some(LANGS),
    custom=some_custom(0),
    featured=st.sampled_from([None, None, True, False]),
    published_from=st.sampled_from([None, None, *MOMENTS]),
    published_before=st.sampled_from([None, None, *MOMENTS]),
    newest_first=st.booleans(),
)
# Of many filters at once one nearly always leaves a post out, so that the others tell nothing.
FILTERS = st.one_of(ALL_FILTERS, st.builds(PublicFilter, custom=some_custom(1)))
POSITIONS = st.builds(Position, st.sampled_from(MOMENTS), st.sampled_from(IDS))
PAGES = st.builds(PageRequest, limit=st.integers(1, 3), after=st.none() | POSITIONS, count=st.booleans())


def by_page(wanted, page):
    async def ask(store):
        found = await store.list_public(wanted, page, None)
        return found.items, found.next, found.total

    return ask


def by_key(key):
    return lambda store: store.find_public(key)


QUESTIONS = st.one_of(
    st.builds(by_page, FILTERS, PAGES),
    st.builds(lambda post_id: by_key({"id": post_id}), st.sampled_from(IDS)),
    st.builds(lambda slug: by_key({"slug": slug}), st.sampled_from(SLUGS)),
)
SHELVES = st.lists(posts(), max_size=6, unique_by=lambda post: post.id)
ON_EITHER_TIER = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
async def kept(database):
    """Asks, keeps the answer, writes, and asks again: `(before, after, whether the first answer is still kept)`."""
    store = PostStore(database)

    async def kept(shelf, ask, write):
        await database[POSTS].delete_many({})
        for post in shelf:
            await store.insert(post, None)
        cache = Cache({POSTS: PUBLIC_PART}, 1 << 20, clock=lambda: 0.0)
        cache.heard(0.0)
        begun = cache.now()
        with collecting() as sources:
            before = await ask(store)
        assert cache.put("question", "answer", 0, sources, begun)
        database.on_write.append(cache.written)
        await write(store)
        database.on_write.remove(cache.written)
        return before, await ask(store), cache.get("question") is not None

    return kept


@ON_EITHER_TIER
@given(shelf=SHELVES, wanted=FILTERS, page=PAGES, new=posts(NEW_IDS))
async def test_page_admits_exactly_the_new_posts_that_change_it(kept, shelf, wanted, page, new):
    before, after, is_kept = await kept(shelf, by_page(wanted, page), lambda store: store.insert(new, None))
    if page.count:  # a total is given up for any post that may have joined the list
        assert before == after or not is_kept
    else:
        assert is_kept == (before == after)


@ON_EITHER_TIER
@given(shelf=SHELVES.filter(len), question=QUESTIONS, place=st.integers(0, 5), new=posts())
async def test_answer_that_a_changed_post_changes_is_not_kept(kept, shelf, question, place, new):
    old = shelf[place % len(shelf)]
    changes = {"live": new.live, "status": new.status, "kind": new.kind, "featured": new.featured}

    async def write(store):
        assert await store.change(
            old, changes, changed_fields=["live"], now=MOMENTS[0] + timedelta(1), live_slugs=new.live_slugs
        )

    before, after, is_kept = await kept(shelf, question, write)
    assert before == after or not is_kept


@ON_EITHER_TIER
@given(shelf=SHELVES.filter(len), question=QUESTIONS, place=st.integers(0, 5))
async def test_answer_that_a_post_leaves_for_good_is_not_kept(kept, shelf, question, place):
    old = shelf[place % len(shelf)]
    before, after, is_kept = await kept(shelf, question, lambda store: store.purge(old, MOMENTS[0], None))
    assert before == after or not is_kept


# Translations: a group is decided, its posts name it, and then it is shown. Answers may be made in between.

GROUP = "a" * 24
BEFORE = IDS[:2]
AFTER = {"one joins": IDS[:3], "one leaves": [IDS[0], IDS[2]], "all leave": IDS[:1]}
OF_TRANSLATIONS = {
    "by id": by_key({"id": IDS[0]}),
    "by slug": by_key({"slug": "post-0"}),
    "page": by_page(PublicFilter(langs=("x0",)), PageRequest(limit=2)),
    "page of all": by_page(PublicFilter(), PageRequest(limit=2)),
}


def translation(number, moment=MOMENTS[0]):
    content = Content(title=f"Post {number}", slug=f"post-{number}", lang=f"x{number}")
    working = working_copy(content, 1, Identity(user_id=IDS[0], role="author"), moment, note="", kind="create")
    live = live_copy(content, 1, version=1, since=moment, now=moment, audience="public")
    about = {"working": working, "live": live, "live_slugs": (content.slug,)}
    return Post(id=IDS[number], version=1, status="published", **about, created_at=moment, updated_at=moment)


@pytest.mark.parametrize("ask", OF_TRANSLATIONS.values(), ids=OF_TRANSLATIONS.keys())
@pytest.mark.parametrize("after", AFTER.values(), ids=AFTER.keys())
async def test_answer_that_other_translations_change_is_not_kept_however_far_they_are(database, ask, after):
    store, groups = PostStore(database), TranslationStore(database)
    before = Group(id=GROUP, version=7, posts=BEFORE, created_at=MOMENTS[0], updated_at=MOMENTS[0])
    changed = replace(before, version=8, posts=after)
    steps = [
        lambda: groups.change(before, after, MOMENTS[1]),
        lambda: groups.mark(changed),
        lambda: groups.shown(changed),
    ]
    for taken in range(len(steps)):
        for collection in (POSTS, TRANSLATIONS):
            await database[collection].delete_many({})
        for number in range(4):
            await store.insert(translation(number), None)
        await groups.insert(before)
        assert not await groups.mark(before)
        assert await groups.shown(before)
        cache = Cache({POSTS: PUBLIC_PART, TRANSLATIONS: PUBLIC_GROUPS}, 1 << 20, clock=lambda: 0.0)
        cache.heard(0.0)
        database.on_write.append(cache.written)
        for step in steps[:taken]:
            await step()
        begun = cache.now()
        with collecting() as sources:
            first = await ask(store)
        assert cache.put("question", "answer", 0, sources, begun)
        for step in steps[taken:]:
            await step()
        database.on_write.remove(cache.written)
        second = await ask(store)
        assert first == second or cache.get("question") is None, f"asked after {taken} steps"
