"""Starting posts and editing them. Readers do not see an edit until it is published."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from blogapi.access.identity import Byline, Identity
from blogapi.changes import Change
from blogapi.db.client import new_id
from blogapi.errors import Forbidden
from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.posts.addresses import Addresses
from blogapi.posts.audiences import audience_of
from blogapi.posts.copies import (
    CONTENT_FIELDS,
    DIGEST_FIELDS,
    RENDERED_FIELDS,
    Content,
    Working,
    differences,
    live_copy,
    working_copy,
)
from blogapi.posts.custom.service import CustomFields
from blogapi.posts.model import FLAGS, Draft, Origin, Post, require_title, reviewed_with, visible_change
from blogapi.posts.rights import Editable, EditableOrNamed, Named, require_rights
from blogapi.posts.saving import Saving
from blogapi.posts.slugs import Claim, Slugs
from blogapi.posts.states.transitions import require_not_trashed
from blogapi.settings.service import SettingsService
from blogapi.tags.service import TagService
from blogapi.text.rendered import BodyFormat, Rendered
from blogapi.translation.sentence import say
from blogapi.users.service import UserService

# A body, its format, and who writes it.
Render = Callable[[str, BodyFormat, str], Awaitable[Rendered]]


class Writing:
    """The working copies of posts."""

    def __init__(
        self,
        saving: Saving,
        slugs: Slugs,
        addresses: Addresses,
        users: UserService,
        tags: TagService,
        settings: SettingsService,
        custom: CustomFields,
        render: Render,
        now: Callable[[], datetime],
    ) -> None:
        self._saving, self._slugs, self._addresses = saving, slugs, addresses
        self._users, self._tags, self._settings, self._custom = users, tags, settings, custom
        self._render, self._now = render, now

    async def create(
        self,
        who: Identity,
        draft: Draft,
        attempt: Attempt = ONCE,
        *,
        origin: Origin | None = None,
        former_slugs: Iterable[str] = (),
        addresses: Collection[str] = (),
        published_at: datetime | None = None,
    ) -> Post:
        """A new post. Raises Invalid, Forbidden, Conflict `slug_taken`.

        The last four arguments are for imports: where it came from, under which slugs it was known, at which addresses
        (in their normal form), and since when. An import takes the next free slug where the wanted one is taken.
        """
        draft = await self._completed(draft)
        require_rights(who, draft, before=None)
        if draft.status == "published":
            require_title(draft.title)
        # Said before anything is claimed; saving sees to it.
        await self._custom.require(draft.custom)
        now, post_id = self._now(), attempt.resource_id or new_id()
        authors = await self._users.bylines(draft.author_ids or (who.user_id,), chosen_by=who)
        content = await self._content(who, draft, authors)
        slug = await self._slugs.claim_for_new(draft, post_id, numbered=origin is not None)
        content = replace(content, slug=slug, tags=await self._tags.use(draft.tags))
        kind = "import" if origin else "create"
        working = working_copy(content, 1, who, now, note=draft.note, kind=kind)
        since = published_at or now
        post = replace(_unpublished(post_id, draft, working, now), origin=origin, created_at=since)
        if draft.status == "published":
            audience = audience_of(draft.visibility, draft.kind)
            live = live_copy(working, 1, version=1, since=since, now=since, audience=audience)
            kept = [old for old in former_slugs if old != slug and await self._slugs.claim(old, post_id)]
            post = replace(post, status="published", live=live, live_slugs=(*kept, slug))
        if addresses:
            await self._addresses.claim(addresses, post_id)
        return await self._saving.insert(post)

    async def edit(
        self,
        right: EditableOrNamed,
        draft: Draft,
        expected: frozenset[int],
        *,
        origin: Origin | None = None,
        addresses: Iterable[str] = (),
    ) -> Post:
        """Make the working copy say what the draft says; flags take effect at once. Who is only named there may leave.

        `origin` and `addresses` are for imports: where it came from, and where it stood.

        Raises Stale, Conflict, Forbidden, Invalid.
        """
        if isinstance(right, Named):
            return await self._leave(right, draft, expected)
        post, who, now = right.post, right.who, self._now()
        draft = await self._completed(draft)
        require_rights(who, draft, before=post)
        post.require_version(expected)
        require_not_trashed(post)
        await self._custom.require(draft.custom)
        content, claim = await self._edited(right, draft)
        edited = differences(content, post.working)
        flags = [name for name in FLAGS if getattr(draft, name) != getattr(post, name)]
        chosen = ["slug"] if (draft.slug is None) != post.slug_is_derived else []
        if not edited and not flags and not chosen and origin in (None, post.origin):
            return post
        changes: dict[str, Any] = {name: getattr(draft, name) for name in flags}
        changes["slug_is_derived"] = draft.slug is None
        if origin is not None:
            changes["origin"] = origin
            await self._addresses.claim(addresses, post.id)
        if edited:
            number = post.working.revision + 1
            kind = "edit" if origin is None else "import"
            changes |= _to_working(working_copy(content, number, who, now, note=draft.note, kind=kind), edited)
            changes |= reviewed_with(post, who, number)
        changes |= _leaving(who, post, content.authors) if "authors" in edited else {}
        if post.live is not None and post.status == "published" and (flags or "live.authors" in changes):
            changes |= {**visible_change(post, now), "live.audience": audience_of(draft.visibility, draft.kind)}
        names = {*edited, *flags, *chosen} - {*RENDERED_FIELDS}
        return await self._saving.change(post, changes, names, claim=claim)

    async def _edited(self, right: Editable, draft: Draft) -> tuple[Content, Claim]:
        """What the working copy is to say, and the claim of its slug."""
        post, present = right.post, right.post.working
        authors = await self._bylines(right, draft)
        content = await self._content(right.who, draft, authors, before=present)
        if content.tags != present.tags:
            content = replace(content, tags=await self._tags.use(content.tags, kept=present.tags))
        claim = await self._slugs.claim_for_edit(draft, post)
        return replace(content, slug=claim.slug), claim

    async def _completed(self, draft: Draft) -> Draft:
        """With what the settings say where the draft says nothing.

        It is written into the post. The language of a text stays the same when that of the blog becomes another one.
        """
        settings = await self._settings.current()
        return replace(
            draft,
            lang=draft.lang or settings.lang,
            comments_policy=draft.comments_policy or settings.comments_policy,
        )

    async def _leave(self, right: Named, draft: Draft, expected: frozenset[int]) -> Post:
        """Take one's own name off, for somebody who may do nothing else. Their version may be that of the live copy."""
        post, who, now = right.post, right.who, self._now()
        assert post.live is not None  # Named saw to it
        present = post.working
        rest = [_without(who, copy.authors) for copy in (present, post.live)]
        if draft.author_ids not in [_ids(authors) for authors in rest] or not _is_same_but_authors(draft, post):
            raise Forbidden(
                say("Only authors and editors of this post can do this. You can only take your own name off it.")
            )
        if post.live.version not in expected:
            post.require_version(expected)
        authors = rest[0] or rest[1]
        changes: dict[str, Any] = {}
        if authors != present.authors:
            content = replace(present, authors=authors)
            working = working_copy(content, present.revision + 1, who, now, note="", kind="edit")
            changes |= _to_working(working, ["authors"])
        changes |= _leaving(who, post, authors)
        if post.status == "published" and "live.authors" in changes:
            changes |= visible_change(post, now)
        return await self._saving.change(post, changes, ["authors"])

    async def _bylines(self, right: Editable, draft: Draft) -> tuple[Byline, ...]:
        post = right.post
        if draft.author_ids is None or draft.author_ids == post.working.author_ids:
            return post.working.authors
        return await self._users.bylines(draft.author_ids, chosen_by=right.who, kept=post.working.author_ids)

    async def _content(
        self, who: Identity, draft: Draft, authors: tuple[Byline, ...], before: Content | None = None
    ) -> Content:
        written = {name: getattr(draft, name) for name in CONTENT_FIELDS if name != "slug" and hasattr(draft, name)}
        if before is not None and (before.body, before.body_format) == (draft.body, draft.body_format):
            return replace(before, **written, authors=authors)
        rendered = await self._render(draft.body, draft.body_format, who.user_id)
        made = {name: getattr(rendered, name) for name in RENDERED_FIELDS}
        return Content(**written, **made, authors=authors)


def _unpublished(post_id: str, draft: Draft, working: Working, now: datetime) -> Post:
    """A new post that readers do not see yet."""
    assert draft.comments_policy is not None  # it was completed
    return Post(
        id=post_id,
        version=1,
        status="draft",
        kind=draft.kind,
        visibility=draft.visibility,
        featured=draft.featured,
        comments_policy=draft.comments_policy,
        working=working,
        slug_is_derived=draft.slug is None,
        changes=(Change(version=1, fields=()),),
        created_at=now,
        updated_at=now,
    )


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
        and all(getattr(draft, name) == getattr(post, name) for name in FLAGS)
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
