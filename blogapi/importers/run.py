"""Saves what an importer has found, again and again if need be: what people did here meanwhile is never overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

from blogapi.access.identity import Identity
from blogapi.clock import rfc3339
from blogapi.db.client import database_time
from blogapi.errors import BlogError, Conflict, Invalid, NotFound, Overloaded, Stale, Unavailable
from blogapi.feature import Wiring
from blogapi.idempotency.attempt import Attempt
from blogapi.importers.bylines import Bylines
from blogapi.importers.labels import Labels
from blogapi.importers.model import Entry, Found, Refusal, Skipped, Unfit
from blogapi.importers.works import Works
from blogapi.posts.model import Draft, Origin, Post
from blogapi.posts.rights import Editable, Publishable, operator_in_the_name_of
from blogapi.posts.service import PostService
from blogapi.posts.store import PostStore
from blogapi.tags.service import TagService
from blogapi.translation.sentence import say
from blogapi.users.model import User
from blogapi.users.service import UserService

_SECONDS_PER_FILE = 30
_EDITED = "changed here since it was imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something about a file that people should know."""

    file: str
    text: str


@dataclass(slots=True, kw_only=True)
class Report:
    """What became of the files. `notes` say what had to be changed and why something was skipped.

    `posts` is how many of the files are posts, whatever became of them.
    """

    created: int = 0
    unchanged: int = 0
    updated: int = 0
    skipped: int = 0
    posts: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """How many files should have become posts and did not."""
        return len(self.refusals)


class Stopped(Unavailable):
    """The database went away in the middle. `report` is about what was done before."""

    def __init__(self, report: Report) -> None:
        super().__init__(say("The database does not answer. What is imported stays; the same import does the rest."))
        self.report = report


class _Left(Exception):
    """A post that stays as it is here. The message is the reason."""


async def import_folder(
    services: Wiring,
    found: Iterator[Found],
    *,
    author: str | None = None,
    on_progress: Callable[[int], None] = lambda files: None,
    now: Callable[[], datetime] | None = None,
) -> Report:
    """Save everything found; `on_progress` hears of each file. `author` is the username for posts that name nobody.

    The identity of a post is its source and path, so a second run finds what the first one saved, also when that one
    was cut off. Raises NotFound for an unknown author, and Stopped.
    """
    importer = _Importer(services, None if author is None else await _owner(services, author), now or services.now)
    for item in found:
        try:
            with database_time(_SECONDS_PER_FILE):
                await importer.take(item)
        except Unavailable as error:
            raise Stopped(importer.report) from error
        on_progress(1)
    try:
        await importer.join_works()
    except Unavailable as error:
        raise Stopped(importer.report) from error
    if not importer.report.posts:
        importer.report.notes.append(Note(file=".", text="there is no post in this folder"))
    return importer.report


async def _owner(services: Wiring, username: str) -> User:
    user_id = await services[UserService].id_of_username(username)
    user = None if user_id is None else await services[UserService].get(user_id)
    if user is None or user.status == "erased":
        says = say("There is no user {username!r} to be the author of posts that name nobody.", username=username)
        raise NotFound(says)
    return user


class _Importer:
    def __init__(self, services: Wiring, owner: User | None, now: Callable[[], datetime]) -> None:
        self._services, self._posts, self._owner, self._now = services, services[PostService], owner, now
        self._bylines = Bylines(services[UserService], owner)
        self._labels, self._works = Labels(services[TagService]), Works(services[PostService])
        self.report = Report()

    async def take(self, item: Found) -> None:
        """Save one file's post, and report what became of it. Raises Unavailable."""
        self.report.posts += not isinstance(item, Skipped)
        if isinstance(item, Refusal):
            self.report.refusals.append(item)
        elif isinstance(item, Skipped):
            self._skip(item.file, item.reason)
        else:
            try:
                await self._save(item)
            except Overloaded as error:  # maybe by this very text: the others are not kept waiting
                self.report.refusals.append(Refusal(file=item.path, reason=str(error)))
            except Unavailable:
                raise
            except (_Left, Stale) as error:
                self._skip(item.path, _EDITED if isinstance(error, Stale) else str(error))
            except (BlogError, Unfit) as error:
                self.report.refusals.append(Refusal(file=item.path, reason=_reason(error)))
            finally:
                # They are told once in a run: of a file that is refused, too, for the next one finds them known.
                self._note(item.path, *self._take_notes())

    async def join_works(self) -> None:
        """Make posts translations of each other that are one work. Raises Unavailable."""
        for work, posts in self._works.several():
            with database_time(_SECONDS_PER_FILE):
                if reason := await self._works.join(posts):
                    self._note(work, f"its languages are not joined: {reason}")

    def _skip(self, file: str, reason: str) -> None:
        self.report.skipped += 1
        self._note(file, f"skipped: {reason}")

    def _note(self, file: str, *texts: str) -> None:
        self.report.notes += [Note(file=file, text=text) for text in texts]

    def _take_notes(self) -> list[str]:
        notes = [*self._bylines.notes, *self._labels.notes]
        self._bylines.notes.clear()
        self._labels.notes.clear()
        return notes

    async def _save(self, entry: Entry) -> None:
        post = await self._posts.reading.find_import(entry.source, entry.path)
        if post is not None and post.status != "trashed":
            self._works.add(entry, post, is_new=False)
        if post is None:
            post = await self._create(entry)
            self._works.add(entry, post, is_new=True)
            self.report.created += 1
        elif post.status == "trashed":
            raise _Left("in the trash here")
        elif not _is_same(post, entry):
            post = await self._update(entry, post)
            self.report.updated += 1
        elif self._is_behind(post, entry):
            post = await self._publish(post, entry)
            self.report.updated += 1
        elif post.status == "published" and _is_over(entry, self._now()):
            raise _Left("expired where it comes from, but published here")
        else:
            self.report.unchanged += 1
            return
        lost = await self._posts.reading.lost_addresses(post, entry.addresses)
        told = [f"its former address {address!r} is that of another post" for address in lost]
        self._note(entry.path, *entry.notes, *self._take_notes(), *self._shortcomings(entry, post), *told)

    async def _create(self, entry: Entry) -> Post:
        post_id = _post_id(entry)
        # An import does not bring back what somebody removed for good.
        if await PostStore(self._services.database).existing([post_id]):
            raise _Left("removed for good here")
        draft = await self._draft(entry)
        is_due = self._is_due(entry)
        return await self._posts.writing.create(
            _acting_for(draft.author_ids),
            replace(draft, status="published" if is_due else "draft"),
            Attempt(resource_id=post_id),
            origin=_origin(entry),
            former_slugs=entry.former_slugs,
            addresses=entry.addresses,
            published_at=entry.published_at if is_due else None,
        )

    async def _update(self, entry: Entry, post: Post) -> Post:
        if not _is_as_imported(post):
            raise _Left(_EDITED)
        if post.status == "published" and not self._is_due(entry):
            raise _Left("not for everybody by its file, but published here")
        # Files do not say who may see a post and comment on it; people here do. Few say their language.
        draft = await self._draft(entry)
        draft = replace(
            draft,
            kind=post.kind,
            lang=draft.lang or post.working.lang,
            visibility=post.visibility,
            featured=post.featured,
            comments_policy=post.comments_policy,
        )
        try:
            post = await self._edit(post, draft, entry)
        except Conflict as error:
            if error.code != "slug_taken":
                raise
            draft = replace(draft, slug=post.working.slug)
            post = await self._edit(post, draft, entry)
        return await self._publish(post, entry) if self._is_due(entry) else post

    async def _edit(self, post: Post, draft: Draft, entry: Entry) -> Post:
        held, expected = Editable(post, _acting_for(draft.author_ids)), frozenset({post.version})
        return await self._posts.writing.edit(held, draft, expected, origin=_origin(entry), addresses=entry.addresses)

    async def _publish(self, post: Post, entry: Entry) -> Post:
        held, expected = Publishable(post, _acting_for(post.working.author_ids)), frozenset({post.version})
        return await self._posts.states.publish(
            held, expected, published_at=entry.published_at, former_slugs=entry.former_slugs
        )

    async def _draft(self, entry: Entry) -> Draft:
        authors = [await self._bylines.find(name) for name in entry.authors]
        if not authors:
            if self._owner is None and entry.kind == "page":
                raise _Left("a page that names no author; say with --author whose such pages are")
            if self._owner is None:
                raise Unfit("names no author; say with --author whose such posts are")
            authors = [self._owner]
        tags = [await self._labels.find(tag) for tag in entry.tags]
        return Draft(
            kind=entry.kind,
            title=entry.title,
            slug=entry.slug,
            body=entry.body,
            body_format=entry.body_format,
            excerpt=entry.excerpt,
            author_ids=tuple(dict.fromkeys(author.id for author in authors)),
            tags=tuple(dict.fromkeys(tags)),
            lang=entry.lang,
            cover=entry.cover,
            seo=entry.seo,
            custom=entry.custom,
        )

    def _is_due(self, entry: Entry) -> bool:
        now = self._now()
        opens = [moment for moment in (entry.published_at, entry.opens_at) if moment is not None]
        is_known = entry.published_at is not None or entry.kind == "page"
        is_open = is_known and max(opens, default=now) <= now
        return not entry.is_draft and is_open and not _is_over(entry, now)

    def _is_behind(self, post: Post, entry: Entry) -> bool:
        """Whether an import was cut off before it published the post, or its day has come since."""
        waits = post.status == "draft" and _is_as_imported(post)
        return _is_half_done(post) or (waits and self._is_due(entry))

    def _reasons_to_wait(self, entry: Entry) -> Iterator[str]:
        if entry.is_draft or (entry.published_at is None and entry.kind == "post"):
            return  # the entry's own notes say why
        now = self._now()
        since = entry.published_at or now
        if _is_over(entry, now):
            yield f"expired where it comes from ({rfc3339(entry.closes_at or now)}), so it is a draft"
        if since > now:
            yield f"dated in the future ({rfc3339(since)}), so it is a draft"
        if entry.opens_at is not None and entry.opens_at > max(now, since):
            yield f"to be published in the future ({rfc3339(entry.opens_at)}), so it is a draft"

    def _shortcomings(self, entry: Entry, post: Post) -> Iterator[str]:
        """What is not as the file has it."""
        if post.working.slug != (entry.slug or post.working.slug):
            yield f"another post has the slug {entry.slug!r}, so it is {post.working.slug!r}"
        if post.live is None:
            yield from self._reasons_to_wait(entry)
            return
        if entry.closes_at is not None:
            yield f"expires on {rfc3339(entry.closes_at)} where it comes from; here it stays until it is taken away"
        if lost := [slug for slug in entry.former_slugs if slug not in post.live_slugs]:
            yield f"does not redirect from {', '.join(lost)}"


def _is_over(entry: Entry, now: datetime) -> bool:
    return entry.closes_at is not None and entry.closes_at <= now


def _is_same(post: Post, entry: Entry) -> bool:
    return post.origin is not None and post.origin.fingerprint == entry.fingerprint()


def _is_half_done(post: Post) -> bool:
    """Whether an import that was cut off has edited the post and not published it yet."""
    # Whoever publishes another revision on purpose does so after the edit.
    is_behind = post.live is not None and post.live.moved_at <= post.working.edited_at
    return post.working.kind == "import" and post.has_unpublished_changes and is_behind


def _is_as_imported(post: Post) -> bool:
    """Whether nobody has edited, taken away or published it here."""
    if post.working.kind != "import":
        return False
    if post.status == "published":
        return not post.has_unpublished_changes or _is_half_done(post)
    return post.status == "draft" and post.live is None


def _post_id(entry: Entry) -> str:
    """Follows from where it came from, so a second attempt goes on with what the first one claimed."""
    return sha256(f"{entry.source}\0{entry.path}".encode()).hexdigest()[:24]


def _origin(entry: Entry) -> Origin:
    return Origin(source=entry.source, path=entry.path, urls=entry.former_urls, fingerprint=entry.fingerprint())


def _acting_for(author_ids: tuple[str, ...] | None) -> Identity:
    assert author_ids  # _draft saw to it
    return operator_in_the_name_of(author_ids[0])


def _reason(error: BlogError | Unfit) -> str:
    if isinstance(error, Invalid) and error.errors:
        return " ".join(f"{fault.pointer.lstrip('/')}: {fault.detail}" for fault in error.errors)
    return str(error)
