"""Writers: each changes what is theirs, notes it in the ledger, and looks at once whether they see it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scripts.labs.client import Answer, CutOff, LastingConnection
from scripts.labs.coherence.findings import Findings
from scripts.labs.coherence.ledger import Person, Post, Shown, Timeline
from scripts.labs.coherence.looks import Look, OneTag, PostById, PostBySlug, PostPage, Profile
from scripts.labs.coherence.probe import Probe

# What a post may go through from each state, and the way on where the mix allows nothing else.
_ALLOWED = {
    "published": ("edit", "publish", "slug", "unpublish", "archive", "trash", "profile"),
    "draft": ("edit", "publish", "slug", "republish", "trash", "profile"),
    "archived": ("edit", "publish", "slug", "republish", "restore", "trash", "profile"),
    "trashed": ("restore", "profile"),
}
_WAY_ON = {"published": "publish", "draft": "republish", "archived": "republish", "trashed": "restore"}
MIX = {
    "edit": 3.0,
    "publish": 4.0,
    "slug": 1.5,
    "unpublish": 1.0,
    "archive": 0.5,
    "trash": 1.0,
    "republish": 2.0,
    "restore": 3.0,
    "profile": 0.7,
}
_PASSWORD = "tread softly because"  # noqa: S105
_SLUGS = 4


class Refused(Exception):
    """The server does not let a writer begin."""


@dataclass(slots=True, kw_only=True)
class Writer:
    """The only one who writes these posts and this profile, on one connection to one process."""

    number: int
    connection: LastingConnection
    probe: Probe
    findings: Findings
    chance: random.Random
    mix: Mapping[str, float]
    person: Person = field(init=False)
    _headers: dict[str, str] = field(default_factory=dict)
    _etag: str = ""
    _marks: int = 0

    def __post_init__(self) -> None:
        name = f"writer-{self.number}"
        self.person = Person(name, tag=f"of-{name}")

    # Setting up

    async def begin(self, posts: int) -> None:
        """An account and some published posts. Raises Refused, CutOff, OSError."""
        name = self.person.username
        person = {"username": name, "email": f"{name}@example.org", "password": _PASSWORD}
        await self._made("/v1/auth/register", person)
        signed_in = await self._made("/v1/auth/login", {"login": name, "password": _PASSWORD})
        self._headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
        me = await self.connection.get("/v1/me", self._headers)
        self.person.id, self._etag = me.json()["id"], me.header("ETag")
        _note(self.person.names, me.json()["display_name"], me)
        for number in range(posts):
            await self._create(number)

    async def _create(self, number: int) -> None:
        slug = f"{self.person.username}-{number}-0"
        wish = {"title": self.mark(), "slug": slug, "tags": [self.person.tag], "body": "Tea.", "status": "published"}
        answer = await self._made("/v1/posts", wish)
        made = answer.json()
        live = Shown(made["title"], slug, made["version"], frozenset([slug]))
        shown: Timeline[Shown] = Timeline(f"post {made['id']}")
        _note(shown, live, answer)
        order = (made["published_at"], made["id"])
        self.person.posts[made["id"]] = Post(made["id"], answer.header("ETag"), order, live.title, slug, live, shown)
        _note(self.person.counts, self.person.count(), answer)
        self.findings.writes += 1

    async def _made(self, path: str, body: object) -> Answer:
        answer = await self.connection.ask("POST", path, self._headers, body)
        if answer.status >= 300:
            raise Refused(f"POST {path} answered {answer.status}: {answer.body[:300]!r}")
        return answer

    # Writing

    async def write(self, enough: asyncio.Event) -> None:
        """Change this and that. Raises OSError when the server is gone."""
        posts = [*self.person.posts.values()]
        # Some are written often and some seldom: where an eviction is forgotten, no other makes up for it soon.
        often = [1 / (number + 1) ** 2 for number in range(len(posts))]
        while not enough.is_set():
            (post,) = self.chance.choices(posts, often)
            steps = [step for step in _ALLOWED[post.status] if self.mix.get(step)]
            weights = [self.mix[step] for step in steps]
            step = self.chance.choices(steps, weights)[0] if steps else _WAY_ON[post.status]
            await self._take(step, post)

    async def _take(self, step: str, post: Post) -> None:
        match step:
            case "profile":
                await self._rename()
            case "edit":
                await self._edit(post, {"title": self.mark()})
            case "publish":
                if await self._edit(post, {"title": self.mark()}):
                    await self._publish(post)
            case "slug":
                others = [f"{self.person.username}-{post.order[1]}-{number}" for number in range(_SLUGS)]
                slug = self.chance.choice([slug for slug in others if slug != post.slug])
                if await self._edit(post, {"slug": slug, "title": self.mark()}):
                    await self._publish(post)
            case "republish":
                await self._publish(post)
            case "trash":
                before = post.status
                if await self._change(post, "DELETE", "", None, {"status": "trashed"}):
                    post.before_trash = before
            case "restore":
                status = post.before_trash if post.status == "trashed" else "draft"
                live = replace(post.live, version=post.next_version)
                seen = live if status == "published" else None
                await self._change(post, "POST", "/restore", seen, {"status": status, "live": seen or post.live})
            case _:
                status = {"unpublish": "draft", "archive": "archived"}[step]
                await self._change(post, "POST", f"/{step}", None, {"status": status})

    async def _edit(self, post: Post, wish: dict[str, str]) -> bool:
        return await self._change(post, "PATCH", "", post.shown.current, wish, wish)

    async def _publish(self, post: Post) -> bool:
        live = Shown(post.title, post.slug, post.next_version, post.live.slugs | {post.slug})
        return await self._change(post, "POST", "/publish", live, {"status": "published", "live": live})

    async def _change(
        self, post: Post, method: str, step: str, seen: Shown | None, after: Mapping[str, Any], body: object = None
    ) -> bool:
        """One write; `seen` is what readers see then, `after` how the post is then. Whether it was acknowledged."""
        path, now = f"/v1/posts/{post.id}", time.monotonic()
        is_visible = seen != post.shown.current
        if is_visible:
            post.shown.begin(seen, now)
        if self.person.count() != self.person.counts.current:
            self.person.counts.begin(self.person.count(), now)
        headers = {**self._headers, "If-Match": post.etag}
        answer = await self._answer(method, path + step, headers, body)
        if answer is None or answer.status >= 300:
            await self._find_out(post)
            return False
        post.etag = answer.header("ETag")
        for name, value in after.items():
            setattr(post, name, value)
        post.shown.settle(seen, answer.received_at)
        self.person.counts.settle(self.person.count(), answer.received_at)
        await self._look(post, post.shown if is_visible else None, answer)
        return True

    async def _rename(self) -> None:
        name, names = self.mark(), self.person.names
        names.begin(name, time.monotonic())
        answer = await self._answer_rename(name)
        while answer is None or answer.status >= 500:
            # The name may have changed and not have come to all posts yet: whoever gets no answer asks again.
            self._etag = (await self._sure("/v1/me", self._headers)).header("ETag")
            answer = await self._answer_rename(name)
        if answer.status >= 300:
            answer = await self._sure("/v1/me", self._headers)
        self._etag = answer.header("ETag")
        names.settle(answer.json()["display_name"], answer.received_at)
        await self._look(self.chance.choice([*self.person.posts.values()]), names, answer)

    async def _answer_rename(self, name: str) -> Answer | None:
        return await self._answer("PATCH", "/v1/me", {**self._headers, "If-Match": self._etag}, {"display_name": name})

    async def _answer(self, method: str, path: str, headers: Mapping[str, str], body: object) -> Answer | None:
        try:
            answer = await self.connection.ask(method, path, headers, body)
        except CutOff:
            self.findings.refused[0] += 1
            return None
        if answer.status < 300:
            self.findings.writes += 1
        else:
            self.findings.refused[answer.status] += 1
        return answer

    async def _find_out(self, post: Post) -> None:
        """Nobody knows whether a write came through: ask the database."""
        public = await self._sure(f"/v1/posts/{post.id}", {"Cache-Control": "no-cache"})
        working = await self._sure(f"/v1/posts/{post.id}?view=working", self._headers)
        now, found = working.json(), None
        if public.status == 200:
            live = public.json()
            post.live = found = Shown(live["title"], live["slug"], live["version"], post.live.slugs | {live["slug"]})
        if now["status"] == "trashed" != post.status:
            post.before_trash = post.status
        post.etag, post.status = working.header("ETag"), now["status"]
        post.title, post.slug = now["title"], now["slug"]
        post.shown.settle(found, public.received_at)
        self.person.counts.settle(self.person.count(), public.received_at)

    async def _sure(self, path: str, headers: Mapping[str, str]) -> Answer:
        while True:
            try:
                answer = await self.connection.get(path, headers)
            except CutOff:
                continue
            if answer.status < 500:
                return answer
            await asyncio.sleep(0.1)

    # Looking

    async def _look(self, post: Post, changed: Timeline[Any] | None, answer: Answer) -> None:
        """See one's own write on the same connection, while another process is asked for it until it shows it."""
        async with asyncio.TaskGroup() as group:
            if changed is not None and (telling := self._telling(post, changed)):
                look = self.chance.choice(telling)
                group.create_task(self.probe.follow(look, changed, answer.received_at))
            for look in self.chance.sample(self._looks(post), self.chance.choice((1, 2))):
                await self._see(look)

    async def _see(self, look: Look) -> None:
        # What the author is allowed to see besides must not get in the way: the credentials are sent at times.
        headers = self._headers if self.chance.random() < 0.3 and _tells_status(look) else None
        try:
            answer = await self.connection.get(look.path, headers)
        except CutOff:
            return
        self.findings.check(look, answer, by_writer=True)

    def _looks(self, post: Post) -> Sequence[Look]:
        slug = self.chance.choice(sorted(post.live.slugs))
        return (
            PostById(self.person, post),
            PostById(self.person, post, "fields=title,slug,authors,status"),
            PostBySlug(self.person, post, slug),
            PostBySlug(self.person, post, post.live.slug),
            PostPage([self.person], f"tag={self.person.tag}&limit=100"),
            PostPage([self.person], f"tag={self.person.tag}&limit=3&fields=title,slug,authors"),
            PostPage([self.person], f"author={self.person.username}&limit=3"),
            Profile(self.person),
            OneTag(self.person),
        )

    def _telling(self, post: Post, changed: Timeline[Any]) -> Sequence[Look]:
        """Those that show the present state of what was changed, whatever it is."""
        page = PostPage([self.person], f"tag={self.person.tag}&limit=100&fields=title,slug,authors")
        if changed is not self.person.names:
            return (PostById(self.person, post), PostBySlug(self.person, post, post.live.slug), page)
        return (Profile(self.person), page) if self.person.count() else ()

    def mark(self) -> str:
        """A text that was never written before."""
        self._marks += 1
        return f"{self.person.username} {self._marks}"


def _tells_status(look: Look) -> bool:
    return isinstance(look, PostById) and (not look.options or "status" in look.options)


def _note(timeline: Timeline[Any], value: object, answer: Answer) -> None:
    timeline.begin(value, answer.sent_at)
    timeline.settle(value, answer.received_at)
