"""The ways in which readers look at what was written, and what an answer says about it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from scripts.labs.client import Answer
from scripts.labs.coherence.ledger import Person, Post, Shown, Timeline, slug_in

_FIELDS = ("fields=title,slug,authors", "fields=title,slug,authors,version", "")
_LIMITS = (2, 3, 100)


class Seen(NamedTuple):
    """That an answer shows one thing in a state for which something holds."""

    timeline: Timeline[Any]
    matches: Callable[[Any], bool]


class Unexpected(Exception):
    """An answer that says nothing about what was asked for: the server failed, or showed what nobody wrote."""


class Look(Protocol):
    """A request, and how to read its answer."""

    @property
    def path(self) -> str: ...

    def seen(self, answer: Answer) -> Iterator[Seen]:
        """Raises Unexpected."""


def is_hidden(value: object) -> bool:
    """Of a post that readers cannot see."""
    return value is None


def _is(wanted: object) -> Callable[[object], bool]:
    return lambda value: value == wanted


def _is_shown(found: dict[str, Any]) -> Callable[[Shown | None], bool]:
    title, slug, version = found["title"], found["slug"], found.get("version")
    return lambda value: (
        value is not None and value.title == title and value.slug == slug and version in (None, value.version)
    )


@dataclass(frozen=True, slots=True)
class PostById:
    """One post, by its id."""

    person: Person
    post: Post
    options: str = ""

    @property
    def path(self) -> str:
        return _path(f"/v1/posts/{self.post.id}", self.options)

    def seen(self, answer: Answer) -> Iterator[Seen]:
        if answer.status == 404:
            yield Seen(self.post.shown, is_hidden)
        elif answer.status == 200:
            found = answer.json()
            # Its author gets the working copy of what others do not see.
            is_public = found.get("status", "published") == "published"
            yield Seen(self.post.shown, _is_shown(found) if is_public else is_hidden)
            yield _author(self.person, found)
        else:
            raise Unexpected


@dataclass(frozen=True, slots=True)
class PostBySlug:
    """One post, by its slug or a former one, under which it is sent on to the present one."""

    person: Person
    post: Post
    slug: str
    options: str = ""

    @property
    def path(self) -> str:
        return _path(f"/v1/posts/by-slug/{self.slug}", self.options)

    def seen(self, answer: Answer) -> Iterator[Seen]:
        if answer.status == 404:
            yield Seen(self.post.shown, lambda value: value is None or self.slug not in value.slugs)
        elif answer.status == 301:
            there = slug_in(answer.header("Location"))
            if there == self.slug:
                raise Unexpected
            yield Seen(self.post.shown, lambda value: value is not None and value.slug == there)
        elif answer.status == 200:
            found = answer.json()
            if found["slug"] != self.slug:
                raise Unexpected
            yield Seen(self.post.shown, _is_shown(found))
            yield _author(self.person, found)
        else:
            raise Unexpected


@dataclass(frozen=True, slots=True)
class PostPage:
    """A page of a list that holds all public posts of these people, newest first, or those after a cursor."""

    people: Sequence[Person]
    query: str
    below: tuple[str, str] | None = None

    @property
    def path(self) -> str:
        return f"/v1/posts?{self.query}"

    def seen(self, answer: Answer) -> Iterator[Seen]:
        if answer.status != 200:
            raise Unexpected
        found = answer.json()
        items = {item["id"]: item for item in found["items"]}
        orders = []
        for person in self.people:
            for post_id in items.keys() & person.posts.keys():
                item, post = items.pop(post_id), person.posts[post_id]
                orders.append(post.order)
                yield Seen(post.shown, _is_shown(item))
                yield _author(person, item)
        if items:
            raise Unexpected
        if "total" in found["page"]:
            yield from (Seen(person.totals, _is(found["page"]["total"])) for person in self.people)
        lowest = min(orders, default=None) if found["page"]["next"] else None
        listed = set(orders)
        for person in self.people:
            for post in person.posts.values():
                is_on_page = self._admits(post) and (lowest is None or post.order > lowest)
                if is_on_page and post.order not in listed:
                    yield Seen(post.shown, is_hidden)

    def _admits(self, post: Post) -> bool:
        return self.below is None or post.order < self.below

    def after(self, answer: Answer) -> PostPage | None:
        """The next page, if there is one."""
        found = answer.json()
        cursor, items = found["page"]["next"], found["items"]
        if cursor is None or not items:
            return None
        posts = {post_id: post for person in self.people for post_id, post in person.posts.items()}
        query = "&".join([part for part in self.query.split("&") if not part.startswith("cursor=")])
        return PostPage(self.people, f"{query}&cursor={cursor}", posts[items[-1]["id"]].order)


@dataclass(frozen=True, slots=True)
class Profile:
    """A public profile; who has nothing published has none."""

    person: Person
    by_name: bool = False

    @property
    def path(self) -> str:
        return f"/v1/users/by-username/{self.person.username}" if self.by_name else f"/v1/users/{self.person.id}"

    def seen(self, answer: Answer) -> Iterator[Seen]:
        if answer.status == 404:
            yield Seen(self.person.counts, _is(0))
        elif answer.status == 200:
            found = answer.json()
            yield Seen(self.person.names, _is(found["display_name"]))
            yield Seen(self.person.counts, _is(found["posts_count"]))
        else:
            raise Unexpected


@dataclass(frozen=True, slots=True)
class OneTag:
    """A tag and its count; one that no post carries is not there."""

    person: Person

    @property
    def path(self) -> str:
        return f"/v1/tags/{self.person.tag}"

    def seen(self, answer: Answer) -> Iterator[Seen]:
        if answer.status not in (200, 404):
            raise Unexpected
        yield Seen(self.person.counts, _is(answer.json()["post_count"] if answer.status == 200 else 0))


@dataclass(frozen=True, slots=True)
class AllTags:
    """The list of tags, with their counts."""

    people: Sequence[Person]
    path: str = "/v1/tags?limit=100"

    def seen(self, answer: Answer) -> Iterator[Seen]:
        if answer.status != 200:
            raise Unexpected
        counts = {item["slug"]: item["post_count"] for item in answer.json()["items"]}
        for person in self.people:
            yield Seen(person.counts, _is(counts.pop(person.tag, 0)))
        if counts:
            raise Unexpected


@dataclass(frozen=True, slots=True)
class AllPeople:
    """The list of people who have published something."""

    people: Sequence[Person]
    path: str = "/v1/users?limit=100"

    def seen(self, answer: Answer) -> Iterator[Seen]:
        if answer.status != 200:
            raise Unexpected
        found = {item["id"]: item for item in answer.json()["items"]}
        for person in self.people:
            item = found.pop(person.id, None)
            yield Seen(person.counts, _is(0 if item is None else item["posts_count"]))
            if item is not None:
                yield Seen(person.names, _is(item["display_name"]))
        if found:
            raise Unexpected


def look_at(person: Person, post: Post, everybody: Sequence[Person], chance: random.Random) -> Look:
    """One of the ways to see a post, at random."""
    options = chance.choice(_FIELDS)
    counted = "&".join(filter(None, (options, chance.choice(("", "", "", "count=exact")))))
    match chance.choices(("id", "slug", "tag", "author", "all"), (4, 3, 2, 1, 1))[0]:
        case "id":
            return PostById(person, post, options)
        case "slug":
            return PostBySlug(person, post, chance.choice(sorted(post.live.slugs)), options)
        case "tag":
            return PostPage([person], _query(f"tag={person.tag}", chance.choice(_LIMITS), counted))
        case "author":
            name = chance.choice((person.id, person.username))
            return PostPage([person], _query(f"author={name}", chance.choice(_LIMITS), counted))
        case _:
            return PostPage(everybody, _query("", chance.choice((3, 10)), options))


def look_at_person(person: Person, everybody: Sequence[Person], chance: random.Random) -> Look:
    """One of the ways to see a person."""
    alone = (Profile(person), Profile(person, by_name=True), OneTag(person))
    return chance.choice((*alone, AllTags(everybody), AllPeople(everybody)))


def _author(person: Person, post: dict[str, Any]) -> Seen:
    return Seen(person.names, _is(post["authors"][0]["display_name"]))


def _path(path: str, options: str) -> str:
    return f"{path}?{options}" if options else path


def _query(what: str, limit: int, options: str) -> str:
    return "&".join(filter(None, (what, f"limit={limit}", options)))
