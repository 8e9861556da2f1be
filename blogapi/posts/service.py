"""What can be done with posts, and by whom. REST, the command line and the importers all come through here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from blogapi.access.identity import Byline, Identity, Viewer
from blogapi.changes import Change
from blogapi.db.client import new_id
from blogapi.deadline import OVER
from blogapi.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.ids import is_id
from blogapi.paging.page import Page, PageRequest
from blogapi.posts.addresses import Addresses
from blogapi.posts.counts import Counts
from blogapi.posts.heads import Heads
from blogapi.posts.model import (
    CONTENT_FIELDS,
    DIGEST_FIELDS,
    EDITING_ROLE,
    RENDERED_FIELDS,
    Content,
    Draft,
    Origin,
    Post,
    PublicFilter,
    PublicPost,
    Working,
    WorkingFilter,
    differences,
    live_copy,
    may_name,
    working_copy,
)
from blogapi.posts.slugs import Slugs
from blogapi.posts.store import PostStore, RevisionStore
from blogapi.tags.service import TagService
from blogapi.text.rendering import BodyFormat, Rendered
from blogapi.text.visible import is_blank
from blogapi.users.model import ProfileChanged
from blogapi.users.service import UserService

KEPT_IN_TRASH = timedelta(days=30)
_FLAGS = ("visibility", "featured", "comments_policy")
# A body, its format, and who writes it.
Render = Callable[[str, BodyFormat, str], Awaitable[Rendered]]


class PostService:
    """Posts, their revisions and their states."""

    def __init__(
        self,
        posts: PostStore,
        revisions: RevisionStore,
        slugs: Slugs,
        addresses: Addresses,
        users: UserService,
        tags: TagService,
        counts: Counts,
        render: Render,
        now: Callable[[], datetime],
    ) -> None:
        self._posts, self._revisions, self._slugs, self._addresses = posts, revisions, slugs, addresses
        self._users, self._tags = users, tags
        self._counts, self._heads = counts, Heads(posts, slugs, counts, now)
        self._render, self._now = render, now

    # Reading

    async def find_public(self, *, post_id: str = "", slug: str = "") -> PublicPost | None:
        """What everybody sees of a post; None when that is nothing. One query, nobody is asked who they are."""
        return await self._posts.find_public({"slug": slug} if slug else {"id": post_id})

    async def moved_to(self, slug: str, who: Viewer) -> str | None:
        """The present slug of a post that readers once found under this one, however it was capitalised."""
        former = slug.lower()
        holder = await self._slugs.holder(former)
        if holder is None:
            return None
        post = await self._posts.get(holder)
        if post.live is None or not post.has_readers or not post.may_see(who) or former not in post.live_slugs:
            return None
        return None if post.live.slug == slug else post.live.slug

    async def at_address(self, spellings: Iterable[str]) -> str | None:
        """The id of the post that once stood at the first of these addresses that is known, whoever may see it."""
        return await self._addresses.holder(spellings)

    async def slug_for(self, who: Viewer, post_id: str) -> str:
        """The slug under which readers find a post now. Raises NotFound, Gone."""
        post = await self._posts.get(post_id)
        if post.live is None or not post.has_readers or not post.may_see(who):
            raise NotFound("There is no such post.")
        return post.live.slug

    async def read(self, who: Viewer, *, post_id: str = "", slug: str = "") -> Post:
        """The whole post, for whoever may see it. Raises NotFound, Gone."""
        if slug:
            post_id = await self._slugs.holder(slug) or ""
        if not is_id(post_id):
            raise NotFound(f"There is no post {slug or post_id!r}.")
        post = await self._posts.get(post_id)
        # A slug that readers have not seen yet says what is planned.
        unseen = bool(slug) and (post.live is None or slug != post.live.slug)
        if not post.may_see(who) or (unseen and not post.may_edit(who)):
            raise NotFound(f"There is no post {slug or post_id!r}.")
        return post

    async def for_editing(self, who: Identity, post_id: str) -> Post:
        """The post that somebody wants to change. Raises NotFound, Gone, Forbidden."""
        post = await self.read(who, post_id=post_id)
        if not post.may_edit(who):
            raise Forbidden("Only its authors and editors may do this.")
        return post

    async def for_editing_or_leaving(self, who: Identity, post_id: str) -> Post:
        """The same also for somebody who is named there and may do nothing but take that name off."""
        post = await self.read(who, post_id=post_id)
        if not post.may_edit(who) and not post.is_named(who):
            raise Forbidden("Only its authors and editors may do this.")
        return post

    async def for_publishing(self, who: Identity, post_id: str) -> Post:
        """The post of which somebody wants to change what readers see. Raises NotFound, Gone, Forbidden."""
        post = await self.for_editing(who, post_id)
        if not post.may_publish(who):
            raise Forbidden("Contributors write drafts; an author or editor publishes them.")
        return post

    async def list_public(
        self, wanted: PublicFilter, authors: Iterable[str], page: PageRequest, fields: tuple[str, ...] | None
    ) -> Page[PublicPost]:
        """The public list. `authors` are ids or usernames; one that does not exist has no posts."""
        ids = await self._author_ids(authors)
        if ids == () and authors:
            return Page(items=[], total=0 if page.count else None)
        return await self._posts.list_public(replace(wanted, author_ids=ids), page, fields)

    async def list_working(
        self, who: Identity, wanted: WorkingFilter, authors: Iterable[str], page: PageRequest, *, heavy: bool
    ) -> Page[Post]:
        """The posts that somebody may edit."""
        if not who.has_role(EDITING_ROLE):
            return Page(items=[], total=0 if page.count else None)
        ids = await self._author_ids(authors)
        if ids == () and authors:
            return Page(items=[], total=0 if page.count else None)
        mine = wanted.editable_by if who.is_editor else who.user_id
        return await self._posts.list_working(replace(wanted, author_ids=ids, editable_by=mine), page, heavy=heavy)

    async def _author_ids(self, authors: Iterable[str]) -> tuple[str, ...]:
        found = [name if is_id(name) else await self._users.id_of_username(name) for name in authors]
        return tuple(author_id for author_id in found if author_id is not None)

    # Writing

    async def create(
        self,
        who: Identity,
        draft: Draft,
        attempt: Attempt = ONCE,
        *,
        origin: Origin | None = None,
        former_slugs: Iterable[str] = (),
        addresses: Iterable[str] = (),
        published_at: datetime | None = None,
    ) -> Post:
        """A new post. Raises Invalid, Forbidden, Conflict `slug_taken`.

        The last four arguments are for imports: where it came from, under which slugs it was known, at which addresses
        (in their normal form), and since when. An import takes the next free slug where the wanted one is taken.
        """
        self._check_rights(who, draft, before=None)
        if draft.status == "published":
            _require_title(draft.title)
        now, post_id = self._now(), attempt.resource_id or new_id()
        authors = await self._users.bylines(draft.author_ids or (who.user_id,), chosen_by=who)
        content = await self._content(who, draft, authors)
        slug = await self._slugs.first(draft, post_id, numbered=origin is not None)
        await self._tags.use(draft.tags)
        kind = "import" if origin else "create"
        working = working_copy(replace(content, slug=slug), 1, who, now, note=draft.note, kind=kind)
        post = Post(
            id=post_id,
            version=1,
            status="draft",
            visibility=draft.visibility,
            featured=draft.featured,
            comments_policy=draft.comments_policy,
            working=working,
            slug_is_derived=draft.slug is None,
            changes=(Change(version=1, fields=()),),
            origin=origin,
            created_at=published_at or now,
            updated_at=now,
        )
        if draft.status == "published":
            since = published_at or now
            live = live_copy(working, 1, version=1, since=since, now=since, audience=draft.visibility)
            kept = [old for old in former_slugs if old != slug and await self._slugs.keep(old, post_id)]
            post = replace(post, status="published", live=live, live_slugs=(*kept, slug))
        await self._addresses.keep(addresses, post_id)
        return await self._heads.begin(post)

    async def edit(
        self,
        who: Identity,
        post: Post,
        draft: Draft,
        expected: frozenset[int],
        *,
        origin: Origin | None = None,
        addresses: Iterable[str] = (),
    ) -> Post:
        """Make the working copy say what the draft says; flags take effect at once.

        `origin` and `addresses` are for imports: where it came from, and where it stood.

        Raises Stale, Conflict, Forbidden, Invalid.
        """
        if not post.may_edit(who):
            return await self._only_leave(who, post, draft, expected)
        self._check_rights(who, draft, before=post)
        self._check_version(post, expected)
        self._check_not_trashed(post)
        now = self._now()
        authors = await self._bylines(who, draft, post)
        content = await self._content(who, draft, authors, before=post.working)
        claim = await self._slugs.next(draft, post)
        content = replace(content, slug=claim.slug)
        edited = differences(content, post.working)
        flags = [name for name in _FLAGS if getattr(draft, name) != getattr(post, name)]
        chosen = ["slug"] if (draft.slug is None) != post.slug_is_derived else []
        if not edited and not flags and not chosen and origin in (None, post.origin):
            return post
        changes: dict[str, Any] = {name: getattr(draft, name) for name in flags}
        changes["slug_is_derived"] = draft.slug is None
        if origin is not None:
            changes["origin"] = origin
            await self._addresses.keep(addresses, post.id)
        if edited:
            await self._tags.use(draft.tags)
            await self._revisions.keep(post)
            number = post.working.revision + 1
            kind = "edit" if origin is None else "import"
            changes |= _to_working(working_copy(content, number, who, now, note=draft.note, kind=kind), edited)
        changes |= _leaving(who, post, content.authors) if "authors" in edited else {}
        if post.live is not None and post.status == "published" and (flags or "live.authors" in changes):
            visible = {"version": post.version + 1, "updated_at": now, "audience": draft.visibility}
            changes |= {f"live.{name}": value for name, value in visible.items()}
        names = {*edited, *flags, *chosen} - {*RENDERED_FIELDS}
        return await self._heads.change(post, changes, names, claim=claim)

    async def _only_leave(self, who: Identity, post: Post, draft: Draft, expected: frozenset[int]) -> Post:
        """Take off the own name, for somebody who may do nothing else. They may only have seen what readers see."""
        assert post.live is not None  # or they would not have found it
        present, now = post.working, self._now()
        rest = [_without(who, copy.authors) for copy in (present, post.live)]
        if draft.author_ids not in [_ids(authors) for authors in rest] or not _is_same_but_authors(draft, post):
            raise Forbidden("Only its authors and editors may do this. You can take your own name off, nothing else.")
        if post.live.version not in expected:
            self._check_version(post, expected)
        authors = rest[0] or rest[1]
        changes: dict[str, Any] = {}
        if authors != present.authors:
            await self._revisions.keep(post)
            content = replace(present, authors=authors)
            working = working_copy(content, present.revision + 1, who, now, note="", kind="edit")
            changes |= _to_working(working, ["authors"])
        changes |= _leaving(who, post, authors)
        if post.status == "published" and "live.authors" in changes:
            changes |= {"live.version": post.version + 1, "live.updated_at": now}
        return await self._heads.change(post, changes, ["authors"])

    async def restore_revision(
        self, who: Identity, post: Post, revision: int, expected: frozenset[int], attempt: Attempt = ONCE
    ) -> Post:
        """Make a former revision the working copy again, under a new number. Raises NotFound, Stale, Conflict."""
        if attempt.key in post.applied:
            return post
        self._check_version(post, expected)
        self._check_not_trashed(post)
        old = await self._revisions.get(post, revision)
        return await self._rework(who, post, old, f"Revision {revision}", "restore", attempt)

    async def discard(self, who: Identity, post: Post, expected: frozenset[int], attempt: Attempt = ONCE) -> Post:
        """Make the live copy the working copy again. Raises Stale, InvalidTransition."""
        if attempt.key in post.applied:
            return post
        self._check_version(post, expected)
        post.after("discard")
        assert post.live is not None  # or the step would not be allowed
        if not differences(post.live, post.working):
            return post
        return await self._rework(who, post, post.live, "", "discard", attempt)

    async def _rework(self, who: Identity, post: Post, source: Content, note: str, kind: str, attempt: Attempt) -> Post:
        now, present = self._now(), post.working
        claim = await self._slugs.again(source.slug, post)
        authors = await self._authors_again(source, post)
        # What one may not do to the authors is not done by going back to a copy from before either.
        loses = not who.is_editor and not set(present.author_ids) <= set(_ids(authors))
        if loses or not may_name(who, present.author_ids, _ids(authors)):
            authors = present.authors
        source = replace(source, slug=claim.slug, authors=authors)
        await self._revisions.keep(post)
        working = working_copy(source, present.revision + 1, who, now, note=note, kind=kind)
        changes = {"working": working, "slug_is_derived": False}
        return await self._heads.change(post, changes, differences(source, present), claim=claim, key=attempt.key)

    async def _present_authors(self, copy: Content) -> tuple[Byline, ...]:
        """The authors of a copy under the names they have now: revisions keep those they had."""
        return _present(copy, await self._users.present_bylines(copy.author_ids))

    async def _authors_again(self, copy: Content, post: Post) -> tuple[Byline, ...]:
        """The same for a copy that is used again: without those who have taken their own name off since."""
        authors = tuple(author for author in await self._present_authors(copy) if author.id not in post.left)
        return authors or post.working.authors

    # States

    async def publish(
        self,
        post: Post,
        expected: frozenset[int],
        *,
        revision: int | None = None,
        attempt: Attempt = ONCE,
        published_at: datetime | None = None,
        former_slugs: Iterable[str] = (),
    ) -> Post:
        """Make the working copy, or a given revision, what readers see. Raises Stale, Conflict, Invalid, NotFound.

        The last two arguments are for imports: since when readers know it, and under which other slugs.
        """
        if attempt.key in post.applied:
            return post
        self._check_version(post, expected)
        status = post.after("publish")
        copy = await self._revisions.get(post, revision or post.working.revision)
        _require_title(copy.title)
        copy = replace(copy, authors=await self._authors_again(copy, post))
        now, before = self._now(), post.live and post.live.published_at
        since = published_at or before or now
        unknown = set(former_slugs) - {copy.slug, *post.live_slugs}
        kept = [claim for old in sorted(unknown) if (claim := await self._slugs.keep(old, post.id))]
        is_seen = post.status == status and post.live is not None and not differences(post.live, copy)
        if is_seen and since == before and not kept:
            return post
        claim = await self._slugs.again(copy.slug, post)
        copy = replace(copy, slug=claim.slug)
        live = live_copy(copy, copy.revision, version=post.version + 1, since=since, now=now, audience=post.visibility)
        names = {"live_revision", "live_updated_at"} | ({"status"} if post.status != status else set())
        names |= {"published_at"} if since != before else set()
        changes = {"status": status, "live": live}
        return await self._heads.change(post, changes, names, key=attempt.key, shown=[*kept, claim])

    async def unpublish(self, post: Post, expected: frozenset[int], attempt: Attempt = ONCE) -> Post:
        """Take it away from readers and make it a draft again; the live copy is kept, unseen."""
        return await self._step(post, "unpublish", expected, attempt)

    async def archive(self, post: Post, expected: frozenset[int], attempt: Attempt = ONCE) -> Post:
        """Take it away from readers for good, though not for ever."""
        return await self._step(post, "archive", expected, attempt)

    async def restore(self, who: Identity, post: Post, expected: frozenset[int], attempt: Attempt = ONCE) -> Post:
        """Out of the archive, or out of the trash to where it came from."""
        if attempt.key not in post.applied and post.trashed_from == "published" and not post.may_publish(who):
            raise Forbidden("It would be published again: an author or editor does that.")
        return await self._step(post, "restore", expected, attempt)

    async def trash(self, who: Identity, post: Post, expected: frozenset[int]) -> Post:
        """Put it in the trash, from where it can be restored for 30 days."""
        if post.status == "published" and not post.may_publish(who):
            raise Forbidden("It is published: an author or editor takes it away.")
        return await self._step(post, "trash", expected, ONCE)

    async def purge(self, who: Identity, post: Post, expected: frozenset[int]) -> None:
        """Remove it for good. Raises Forbidden, Stale."""
        if not who.is_admin:
            raise Forbidden("Only an administrator removes posts for good.")
        self._check_version(post, expected)
        if not await self._purge(post):
            raise await self._heads.stale(post)

    async def purge_trash(self) -> int:
        """Remove for good what has been in the trash for 30 days; returns how many. Safe on several servers at once."""
        count = 0
        while due := await self._posts.trashed_before(self._now() - KEPT_IN_TRASH, limit=100):
            gone = sum([await self._purge(post) for post in due])
            if not gone:
                break  # another server is at it
            count += gone
        return count

    async def _purge(self, post: Post) -> bool:
        if not await self._heads.end(post):
            return False
        await self._revisions.delete_all(post.id)
        await self._addresses.release_all(post.id)
        return True

    async def _step(self, post: Post, step: str, expected: frozenset[int], attempt: Attempt) -> Post:
        if attempt.key in post.applied:
            return post
        self._check_version(post, expected)
        status, now = post.after(step), self._now()
        changes: dict[str, Any] = {"status": status}
        if step == "trash":
            changes |= {"trashed_from": post.status, "deleted_at": now}
        elif post.status == "trashed":
            changes |= {"trashed_from": None, "deleted_at": None}
        if post.live is not None:
            seen = status == "published"
            changes["live.audience"] = post.visibility if seen else None
            changes |= {"live.version": post.version + 1, "live.updated_at": now} if seen else {}
        return await self._heads.change(post, changes, ["status"], key=attempt.key)

    # Imports

    async def find_import(self, source: str, path: str) -> Post | None:
        """The post that an import made of this file; None also when it has been removed for good."""
        return await self._posts.find_by_origin(source, path)

    async def lost_addresses(self, post: Post, addresses: Iterable[str]) -> tuple[str, ...]:
        """Those of these that lead to another post, which had them first."""
        return await self._addresses.lost(addresses, post.id)

    # Revisions

    async def list_revisions(self, post: Post, page: PageRequest) -> Page[Working]:
        """Newest first, authors under their present names."""
        found = await self._revisions.list(post, page)
        present = await self._users.present_bylines(
            {author_id for copy in found.items for author_id in copy.author_ids}
        )
        return replace(found, items=[replace(copy, authors=_present(copy, present)) for copy in found.items])

    async def read_revision(self, post: Post, revision: int) -> Working:
        """Raises NotFound."""
        copy = await self._revisions.get(post, revision)
        return replace(copy, authors=await self._present_authors(copy))

    # What happened elsewhere

    async def profile_changed(self, event: ProfileChanged) -> None:
        """Show an author's present name and picture in all copies: of two changes at once, the later one."""
        await self.show_present_byline(event.byline.id)

    async def show_present_byline(self, user_id: str) -> None:
        """Again when it changes meanwhile, or what is newer would be overwritten."""
        shown: Byline | None = None
        while (byline := (await self._users.present_bylines([user_id])).get(user_id)) != shown:
            if byline is None:
                return
            await self._posts.refresh_byline(byline)
            shown = byline

    async def settle_bylines(self) -> int:
        """Show once more what was changed a while ago; returns how many people's. Safe on several servers at once.

        A post that was on its way at that time may have carried the old name, and who changed it may have been cut off
        before all posts showed it.
        """
        count = 0
        while due := await self._users.renamed_before(self._now() - OVER, limit=100):
            for user_id, renamed_at in due:
                await self.show_present_byline(user_id)
                await self._users.settle_rename(user_id, renamed_at)
            count += len(due)
        return count

    async def settle_counts(self) -> int:
        """Count what a process that died has left uncounted; returns how many moves that were."""
        return await self._counts.settle()

    # What the above have in common

    def _check_rights(self, who: Identity, draft: Draft, before: Post | None) -> None:
        if draft.status == "published" and not who.has_role("author"):
            raise Forbidden("Contributors write drafts; an author or editor publishes them.")
        if draft.featured != (before.featured if before else False) and not who.is_editor:
            raise Forbidden("Only an editor decides what is featured.")
        flagged = before is not None and any(getattr(draft, name) != getattr(before, name) for name in _FLAGS)
        if before and flagged and before.status == "published" and not before.may_publish(who):
            raise Forbidden("It is published: an author or editor changes who sees it.")
        named = before.working.author_ids if before else ()
        if draft.author_ids is not None and not may_name(who, named, draft.author_ids):
            raise Forbidden("You can add authors behind your own name and take that off; an editor does anything else.")

    @staticmethod
    def _check_version(post: Post, expected: frozenset[int]) -> None:
        if post.version not in expected:
            raise Stale(post, post.changed_since(expected))

    @staticmethod
    def _check_not_trashed(post: Post) -> None:
        if post.status == "trashed":
            raise Conflict("It is in the trash. Restore it first.", code="invalid_transition", allowed=post.allowed)

    async def _bylines(self, who: Identity, draft: Draft, post: Post) -> tuple[Byline, ...]:
        if draft.author_ids is None or draft.author_ids == post.working.author_ids:
            return post.working.authors
        return await self._users.bylines(draft.author_ids, chosen_by=who, kept=post.working.author_ids)

    async def _content(
        self, who: Identity, draft: Draft, authors: tuple[Byline, ...], before: Content | None = None
    ) -> Content:
        written = {name: getattr(draft, name) for name in CONTENT_FIELDS if name != "slug" and hasattr(draft, name)}
        if before is not None and (before.body, before.body_format) == (draft.body, draft.body_format):
            return replace(before, **written, authors=authors)
        rendered = await self._render(draft.body, draft.body_format, who.user_id)
        made = {name: getattr(rendered, name) for name in RENDERED_FIELDS}
        return Content(**written, **made, authors=authors)


def _present(copy: Content, present: Mapping[str, Byline]) -> tuple[Byline, ...]:
    return tuple(present.get(author.id, author) for author in copy.authors)


def _to_working(working: Working, edited: Iterable[str]) -> dict[str, Any]:
    """Only the paths that move: a byline that is refreshed meanwhile stays refreshed."""
    names = [*edited, "revision", "edited_by", "edited_at", "note", "kind", *DIGEST_FIELDS]
    return {f"working.{name}": getattr(working, name) for name in names}


def _without(who: Identity, authors: tuple[Byline, ...]) -> tuple[Byline, ...]:
    return tuple(author for author in authors if author.id != who.user_id)


def _ids(authors: Iterable[Byline]) -> tuple[str, ...]:
    return tuple(author.id for author in authors)


def _is_same_but_authors(draft: Draft, post: Post) -> bool:
    written = [name for name in CONTENT_FIELDS if name != "slug" and hasattr(draft, name)]
    return (
        all(getattr(draft, name) == getattr(post.working, name) for name in written)
        and all(getattr(draft, name) == getattr(post, name) for name in _FLAGS)
        and draft.slug == (None if post.slug_is_derived else post.working.slug)
    )


def _leaving(who: Identity, post: Post, authors: tuple[Byline, ...]) -> dict[str, Any]:
    """What else changes when these become the authors: who takes their own name off is gone from what readers see."""
    named = {author.id for author in authors}
    left = {*post.left} - named
    changes: dict[str, Any] = {}
    if who.user_id not in named and post.is_named(who):
        left.add(who.user_id)
        if post.live is not None and who.user_id in post.live.author_ids:
            changes["live.authors"] = _without(who, post.live.authors) or authors
    return changes if left == {*post.left} else {**changes, "left": tuple(sorted(left))}


def _require_title(title: str) -> None:
    if is_blank(title):
        raise Invalid.field("/title", "required", "A post needs a title before it is published.")
