"""Reading posts. People find what they may see; for them, nothing else is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from blogapi.access.identity import Identity, Viewer
from blogapi.errors import Gone, NotFound
from blogapi.ids import is_id
from blogapi.paging.page import Page, PageRequest
from blogapi.posts.addresses import Addresses
from blogapi.posts.model import EDITING_ROLE, Post, PublicFilter, WorkingFilter
from blogapi.posts.public_view import PublicPost
from blogapi.posts.rights import EditableOrLive, LivePost, editable_or_live
from blogapi.posts.slugs import Slugs
from blogapi.posts.store import PostStore
from blogapi.tags.service import TagService
from blogapi.translation.sentence import say
from blogapi.users.service import UserService

Right = TypeVar("Right")


class Reading:
    """One post, or a list of them."""

    def __init__(
        self, posts: PostStore, slugs: Slugs, addresses: Addresses, users: UserService, tags: TagService
    ) -> None:
        self._posts, self._slugs, self._addresses = posts, slugs, addresses
        self._users, self._tags = users, tags

    async def find_public(self, *, post_id: str = "", slug: str = "") -> PublicPost | None:
        """A post as everybody sees it; None when it is not public. One query, and no credential is looked at."""
        return await self._posts.find_public({"slug": slug} if slug else {"id": post_id})

    async def moved_to(self, slug: str, who: Viewer) -> str | None:
        """The present slug of a post that readers once found under this one, however it was capitalised."""
        former = slug.lower()
        holder = await self._slugs.holder(former)
        post = None if holder is None else await self._find(holder, who)
        if post is None or post.live is None or not post.has_readers or former not in post.live_slugs:
            return None
        return None if post.live.slug == slug else post.live.slug

    async def at_address(self, spellings: Iterable[str]) -> str | None:
        """The id of the post that once stood at the first of these addresses that is known, whoever may see it."""
        return await self._addresses.holder(spellings)

    async def slug_for(self, who: Viewer, post_id: str) -> str:
        """The slug under which readers find a post now. Raises NotFound, Gone."""
        post = await self._posts.get(post_id, visible_to=who)
        if post.live is None or not post.has_readers:
            raise NotFound(say("There is no such post."))
        return post.live.slug

    async def read(self, who: Viewer, *, post_id: str = "", slug: str = "") -> EditableOrLive:
        """A post as far as somebody may see it. Raises NotFound, Gone."""
        if slug:
            post_id = await self._slugs.holder(slug) or ""
        found = editable_or_live(await self._get(post_id, who, asked_for=slug or post_id), who)
        # A slug that readers have not seen yet would tell them what is planned.
        if slug and isinstance(found, LivePost) and slug != found.live.slug:
            raise NotFound(say("There is no post {post!r}.", post=slug))
        return found

    async def get(self, right: Callable[[Post, Identity], Right], who: Identity, post_id: str) -> Right:
        """A post with a right to it: `get(Editable, who, post_id)`. Raises NotFound, Gone, Forbidden."""
        return right(await self._get(post_id, who, asked_for=post_id), who)

    async def _get(self, post_id: str, who: Viewer, *, asked_for: str) -> Post:
        if not is_id(post_id):
            raise NotFound(say("There is no post {post!r}.", post=asked_for))
        return await self._posts.get(post_id, visible_to=who)

    async def _find(self, post_id: str, who: Viewer) -> Post | None:
        try:
            return await self._posts.get(post_id, visible_to=who)
        except Gone:
            raise
        except NotFound:
            return None

    async def list_public(
        self, wanted: PublicFilter, authors: Iterable[str], page: PageRequest, fields: tuple[str, ...] | None
    ) -> Page[PublicPost]:
        """The public list. `authors` are ids or usernames; one that does not exist has no posts."""
        ids = await self._author_ids(authors)
        tags = await self._tags.selected(wanted.tags)
        if (ids == () and authors) or (tags == () and wanted.tags):
            return Page(items=[], total=0 if page.count else None)
        return await self._posts.list_public(replace(wanted, author_ids=ids, tags=tags), page, fields)

    async def list_working(
        self, who: Identity, wanted: WorkingFilter, authors: Iterable[str], page: PageRequest, *, heavy: bool
    ) -> Page[Post]:
        """The posts that somebody may edit."""
        if not who.has_role(EDITING_ROLE):
            return Page(items=[], total=0 if page.count else None)
        ids = await self._author_ids(authors)
        tags = await self._tags.selected(wanted.tags)
        if (ids == () and authors) or (tags == () and wanted.tags):
            return Page(items=[], total=0 if page.count else None)
        mine = wanted.editable_by if who.is_editor else who.user_id
        wanted = replace(wanted, author_ids=ids, tags=tags, editable_by=mine)
        return await self._posts.list_working(wanted, page, heavy=heavy)

    async def _author_ids(self, authors: Iterable[str]) -> tuple[str, ...]:
        found = [name if is_id(name) else await self._users.id_of_username(name) for name in authors]
        return tuple(author_id for author_id in found if author_id is not None)

    async def find_import(self, source: str, path: str) -> Post | None:
        """The post that an import made of this file; None also when it has been removed for good."""
        return await self._posts.find_by_origin(source, path)

    async def lost_addresses(self, post: Post, addresses: Iterable[str]) -> tuple[str, ...]:
        """Those of these addresses that lead to another post, which had them first."""
        return await self._addresses.lost(addresses, post.id)
