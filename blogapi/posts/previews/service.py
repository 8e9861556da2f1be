"""Preview links: making, revoking and following them."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import datetime

from blogapi.clock import expiry
from blogapi.config.secret import derive_key
from blogapi.db.client import new_id
from blogapi.errors import Conflict, Invalid, NotFound
from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.paging.page import Page, PageRequest
from blogapi.posts.bylines import Bylines
from blogapi.posts.previews.model import (
    LIFETIME,
    LONGEST_LIFETIME,
    MOST_LINKS,
    NewPreviewLink,
    Preview,
    PreviewLink,
    ShownPreviewLink,
)
from blogapi.posts.previews.store import PreviewLinkStore
from blogapi.posts.revisions.store import RevisionStore
from blogapi.posts.rights import Editable
from blogapi.posts.states.transitions import require_not_trashed
from blogapi.posts.store import PostStore
from blogapi.text import base64url
from blogapi.translation.sentence import say, say_many

_TOKEN = re.compile(r"([0-9a-f]{24})\.([A-Za-z0-9_-]{43})")


class Previews:
    """The preview links of posts. The token in a link is its id with a MAC, so the database holds nothing to follow."""

    def __init__(
        self,
        links: PreviewLinkStore,
        posts: PostStore,
        revisions: RevisionStore,
        bylines: Bylines,
        secret: str,
        public_url: str,
        now: Callable[[], datetime],
    ) -> None:
        self._links, self._posts, self._revisions, self._bylines = links, posts, revisions, bylines
        self._key, self._public_url, self._now = derive_key(secret, "preview"), public_url, now

    async def create(self, right: Editable, new: NewPreviewLink, attempt: Attempt = ONCE) -> ShownPreviewLink:
        """A link for whoever is to read the post before it is public.

        Raises Invalid, Conflict `too_many_preview_links`, and Conflict for a post in the trash.
        """
        require_not_trashed(right.post)
        now = self._now()
        expires_at = expiry(new.expires_at, now, usual=LIFETIME, longest=LONGEST_LIFETIME)
        if new.revision is not None:
            await self._require_revision(right, new.revision)
        link = PreviewLink(
            id=attempt.resource_id or new_id(),
            post_id=right.id,
            revision=new.revision,
            created_by=right.who.user_id,
            created_at=now,
            expires_at=expires_at,
        )
        kept = await self._links.insert(link)
        # Counted when it is there: of several at once, the last one finds all others.
        if not await self._links.has_room_for(link, MOST_LINKS):
            await self._links.delete(link.post_id, link.id)
            raise _too_many()
        return self._shown(kept)

    async def _require_revision(self, right: Editable, revision: int) -> None:
        try:
            await self._revisions.get(right.post, revision)
        except NotFound:
            raise Invalid.field(
                "/revision", "not_found", say("This post has no revision {revision}.", revision=revision)
            ) from None

    async def list(self, right: Editable, page: PageRequest) -> Page[ShownPreviewLink]:
        """The links of a post that have not expired, newest first."""
        found = await self._links.list(right.id, self._now(), page)
        items = [self._shown(link) for link in found.items]
        return Page(items=items, position_of=found.position_of, next=found.next, total=found.total)

    async def revoke(self, right: Editable, link_id: str) -> None:
        """Have a link lead nowhere, at once and everywhere. Raises NotFound."""
        if not await self._links.delete(right.id, link_id):
            raise NotFound(say("There is no preview link {id!r}.", id=link_id))

    async def revoke_all(self, right: Editable) -> None:
        """The same with all links of a post."""
        await self._links.delete_all(right.id)

    async def read(self, token: str) -> Preview:
        """What a link leads to. Raises NotFound, the same for every link that leads nowhere."""
        parts = _TOKEN.fullmatch(token)
        link = None if parts is None else await self._links.find(parts[1], self._now())
        if parts is None or link is None or not hmac.compare_digest(parts[2], self._mac(link)):
            raise _no_preview()
        try:
            post = await self._posts.get_unguarded(link.post_id)  # the link is the right to read it
            copy = await self._revisions.get(post, link.revision or post.working.revision)
        except NotFound:
            raise _no_preview() from None
        if post.status == "trashed":
            raise _no_preview()
        (copy,) = await self._bylines.with_present_names([copy])
        return Preview(post=post, copy=copy)

    def _shown(self, link: PreviewLink) -> ShownPreviewLink:
        token = f"{link.id}.{self._mac(link)}"
        return ShownPreviewLink(link=link, token=token, url=f"{self._public_url}/v1/preview/{token}")

    def _mac(self, link: PreviewLink) -> str:
        text = f"{link.id}.{link.post_id}".encode()
        return base64url.encoded(hmac.digest(self._key, text, "sha256"))


def _no_preview() -> NotFound:
    return NotFound(say("There is no such preview. The link may have expired, or been revoked."))


def _too_many() -> Conflict:
    says = say_many(
        "A post can have {count:,} preview link. Revoke it first.",
        "A post can have {count:,} preview links. Revoke one first.",
        MOST_LINKS,
    )
    return Conflict(says, code="too_many_preview_links")
