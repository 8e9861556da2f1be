"""Fills a blog with made-up people, tags and posts, in bulk.

Every id follows from the seed and a number, and everything about a post from its id's number alone. So the same seed
makes the same content, a second run finds it all there, and a larger one continues where a smaller one ended.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING

from blogapi.access.identity import Byline, Identity
from blogapi.changes import Change
from blogapi.errors import Conflict
from blogapi.jobs.tasks import end_tasks
from blogapi.operations.doctor import repair
from blogapi.posts.checks import post_checks
from blogapi.posts.copies import RENDERED_FIELDS, Content, Seo, live_copy, working_copy
from blogapi.posts.model import Post
from blogapi.posts.store import PostStore, SlugStore
from blogapi.seeding.texts import BODIES_PER_LANGUAGE, SHARES, TAGS, Texts, repeatable
from blogapi.tags.service import TagService
from blogapi.tags.store import TagStore
from blogapi.text.slug import slugify, with_suffix
from blogapi.users.logins import username_key
from blogapi.users.model import User
from blogapi.users.store import UserStore

if TYPE_CHECKING:
    from blogapi.feature import Wiring

# The days that posts are spread over. Fixed: what a seed makes must not depend on the day.
_FIRST = datetime(2018, 1, 1, tzinfo=UTC)
_DAY = 86_400_000  # in milliseconds, which is what the database keeps
_SPAN, _BLUR = 8 * 365 * _DAY, 14 * _DAY
_SCATTERED = 1000
_BATCH, _AT_ONCE = 200, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be there in the end. `drafts` is a percentage, `body_bytes` a mean."""

    seed: int
    posts: int
    users: int = 50
    tags: int = 60
    drafts: int = 5
    body_bytes: int = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """How much of it was made now; the rest was there."""

    posts: int
    users: int
    tags: int


class Seeder:
    """Makes what a wish asks for and is not there yet."""

    def __init__(self, services: Wiring, wish: Wish) -> None:
        self._services, self._wish = services, wish
        database = services.database
        self._users, self._tag_store = UserStore(database), TagStore(database)
        self._posts, self._slugs = PostStore(database), SlugStore(database)
        self._texts = Texts(wish.seed, wish.body_bytes)
        self._tags = [TAGS[n] if n < len(TAGS) else f"{TAGS[n % len(TAGS)]}-{n // len(TAGS)}" for n in range(wish.tags)]
        self._rendered: dict[tuple[int, int], Content] = {}

    async def run(self, advance: Callable[[int], None]) -> Seeded:
        """Make it; `advance` hears of the posts that are there."""
        known = {slug async for slug, _ in self._tag_store.post_counts()}
        await self._services[TagService].use(self._tags)
        authors, made = await self._people()
        with _rare_collections():
            inserted = await self._write_posts(authors, advance)
        # Counted rather than added up: right even if an earlier run was killed in the middle.
        counts = post_checks(self._services)
        for look in (counts.tag_counts, counts.author_counts):
            await repair([problem async for problem in look()])
        return Seeded(posts=inserted, users=made, tags=len(set(self._tags) - known))

    def _id(self, kind: str, number: int) -> str:
        # Ascending within a kind, which is how the database likes ids to arrive.
        return sha256(f"blogapi:{kind}:{self._wish.seed}".encode()).hexdigest()[:16] + f"{number:08x}"

    async def _people(self) -> tuple[list[Byline], int]:
        """Bylines without an account: they have a profile, and nobody can sign in as them."""
        ids = [self._id("user", number) for number in range(self._wish.users)]
        known = await self._users.bylines(ids)
        made = 0
        for number, user_id in enumerate(ids):
            if user_id not in known:
                user, is_new = await self._insert_person(user_id, number)
                known[user_id] = user.byline
                made += is_new
        return [known[user_id] for user_id in ids], made

    async def _insert_person(self, user_id: str, number: int) -> tuple[User, bool]:
        person = self._texts.person(number)
        user = User(
            id=user_id,
            username=person.username,
            username_key=username_key(person.username),
            display_name=person.display_name,
            bio=person.bio,
            bio_html=await self._services.renderer.small(person.bio),
            role="author",
            status="unclaimed",
            created_at=_FIRST,
            updated_at=_FIRST,
        )
        try:
            await self._users.insert(user)
        except Conflict as error:
            if error.code != "username_taken":  # the id is there: another run was faster, or somebody erased it
                return await self._users.get(user_id), False
            name = f"{person.username[:20]}-{user_id[:10]}"
            user = replace(user, username=name, username_key=username_key(name))
            await self._users.insert(user)
        return user, True

    async def _write_posts(self, authors: list[Byline], advance: Callable[[int], None]) -> int:
        total = self._wish.posts
        batches = iter([range(first, min(first + _BATCH, total)) for first in range(0, total, _BATCH)])

        async def insert_batches() -> int:
            return sum([await self._insert_posts(numbers, authors, advance) for numbers in batches])

        inserting = [asyncio.create_task(insert_batches()) for _ in range(_AT_ONCE)]
        try:
            return sum(await asyncio.gather(*inserting))
        finally:
            await end_tasks(*inserting)

    async def _insert_posts(self, numbers: Iterable[int], authors: list[Byline], advance: Callable[[int], None]) -> int:
        ids = {self._id("post", number): number for number in numbers}
        known = await self._posts.existing(ids)
        posts = {
            post.working.slug: post
            for post in [
                await self._write(number, post_id, authors) for post_id, number in ids.items() if post_id not in known
            ]
        }
        inserted = 0
        if posts:
            taken = await self._slugs.claim_many({slug: post.id for slug, post in posts.items()}, self._services.now())
            for slug in taken:
                posts[slug] = await self._under_another_slug(posts[slug])
            inserted = await self._posts.insert_many(posts.values())
        advance(len(ids))
        return inserted

    async def _under_another_slug(self, post: Post) -> Post:
        slug, _ = await self._slugs.claim_next(post.working.slug, post.id, self._services.now(), with_suffix)
        live = None if post.live is None else replace(post.live, slug=slug)
        live_slugs = (slug,) if live else ()
        return replace(post, working=replace(post.working, slug=slug), live=live, live_slugs=live_slugs)

    async def _write(self, number: int, post_id: str, authors: list[Byline]) -> Post:
        """The post of this number, from a generator of its own."""
        random = repeatable(f"{self._wish.seed}:post:{number}")
        place = random.choices(range(len(SHARES)), SHARES)[0]
        language = self._texts.languages[place]
        title = language.title(random)
        content = replace(
            await self._body(place, random.randrange(BODIES_PER_LANGUAGE)),
            title=title,
            # The number keeps it unique without a look at the database.
            slug=f"{slugify(title)[:100].rstrip('-')}-{number + 1}",
            excerpt=language.sentence(random) if random.random() < 0.3 else "",
            tags=tuple(random.sample(self._tags, min(len(self._tags), random.randint(0, 5)))),
            authors=tuple(random.sample(authors, min(len(authors), 1 + (random.random() < 0.1)))),
            seo=Seo(description=language.sentence(random)[:170]) if random.random() < 0.1 else Seo(),
        )
        return self._post(post_id, content, self._moment(number, random), random)

    def _moment(self, number: int, random: Random) -> datetime:
        """When it was written. The first posts stand anywhere; then every doubling goes through the years once.

        Neighbours in time are neighbours in every index: scattered singly, a hundred thousand posts cost the database
        twice as much.
        """
        if number < _SCATTERED:
            way = random.random()
        else:
            start = _SCATTERED << ((number // _SCATTERED).bit_length() - 1)
            way = (number - start) / start
        return _FIRST + timedelta(milliseconds=int(way * _SPAN + random.random() * _BLUR))

    def _post(self, post_id: str, content: Content, written: datetime, random: Random) -> Post:
        published = written + timedelta(minutes=random.randrange(10_000))
        visibility = random.choices(["public", "unlisted", "members", "private"], [94, 2, 2, 2])[0]
        chance, featured = random.random() * 100, random.random() < 0.03
        status = "draft" if chance < self._wish.drafts else "archived" if chance > 98 else "published"
        who = Identity(user_id=content.author_ids[0], role="author")
        live = None
        if status != "draft":
            live = live_copy(content, 1, version=1, since=published, now=published, audience=visibility)
            live = live if status == "published" else replace(live, audience=None)
        return Post(
            id=post_id,
            version=1,
            status=status,
            visibility=visibility,
            featured=featured,
            working=working_copy(content, 1, who, written, note="", kind="create"),
            live=live,
            live_slugs=(content.slug,) if live else (),
            changes=(Change(version=1, fields=()),),
            created_at=written,
            updated_at=written if live is None else published,
        )

    async def _body(self, place: int, number: int) -> Content:
        """A body with what is rendered from it; rendered once, however many posts have it."""
        if (place, number) not in self._rendered:
            language = self._texts.languages[place]
            body = language.body(number)
            rendered = await self._services.renderer.post(body, "markdown")
            made = {name: getattr(rendered, name) for name in RENDERED_FIELDS}
            self._rendered[place, number] = Content(body=body, lang=language.tag, **made)
        return self._rendered[place, number]


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for garbage in cycles now and then only: documents have none, and looking takes a fifth of the time."""
    thresholds = gc.get_threshold()
    gc.set_threshold(100_000, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
