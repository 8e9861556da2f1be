"""What people get when they ask for their data: a zip of JSON, and of their posts as Markdown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from blogapi.access.administrator import Administrator
from blogapi.access.identity import Identity
from blogapi.audit.service import AuditService
from blogapi.clock import rfc3339
from blogapi.errors import NotFound
from blogapi.limits.limiter import RateLimiter
from blogapi.personal import ExportedFile, Person, PersonalData
from blogapi.privacy.archive import zipped
from blogapi.privacy.model import KEPT, Export
from blogapi.privacy.store import ExportStore, PartStore, PersonalStore
from blogapi.translation.sentence import say
from blogapi.users.erasures import person
from blogapi.users.model import COLLECTION, User
from blogapi.users.service import UserService

LONGEST_SECONDS = 600
"""How long a run of the job may take: it makes all exports that wait."""

_LEASE = timedelta(minutes=1)
_EXPORTED = "user.exported"
_README = """\
This is what the blog keeps of you.

account.json    your account
*.json          other things of yours, such as sessions, API keys and entries of the audit log
posts/          your posts as Markdown with front matter, as `blogapi import markdown` reads them: what readers see,
                or the working copy where nothing is published
revisions/      all revisions of each post, the working copy last, and what readers see

Times are in UTC.
"""


class Exports:
    """Asks for exports, makes them, and hands them over.

    `declared` are the declarations of all features, each with its service, and `made` are the files that features make
    themselves.
    """

    def __init__(
        self,
        exports: ExportStore,
        parts: PartStore,
        personal: PersonalStore,
        users: UserService,
        limiter: RateLimiter,
        audit: AuditService,
        declared: Callable[[], Sequence[tuple[PersonalData, Any]]],
        made: Callable[[Person], Sequence[AsyncIterator[ExportedFile]]],
        now: Callable[[], datetime],
    ) -> None:
        self._exports, self._parts, self._personal = exports, parts, personal
        self._users, self._limiter, self._audit = users, limiter, audit
        self._declared, self._made, self._now = declared, made, now
        self.waiting = asyncio.Event()
        """Set when there may be an export to make at once."""

    # For who asks

    async def ask(self, who: Identity) -> Export:
        """Have one's own data exported. One that is being made already is not begun again.

        Raises ReauthenticationRequired, RateLimited.
        """
        now = self._now()
        who.require_fresh(now)
        known = await self._exports.find(who.user_id, now)
        if known is None or known.is_ready:
            await self._limiter.hit("export", who.user_id)
            await self._audit.record(_EXPORTED, actor=who, target=who.user_id)
            export = Export(id=who.user_id, asked_at=now, due_at=now, expires_at=now + KEPT)
            await self._exports.ask(export, now)
        self.waiting.set()
        return await self._get(who.user_id)

    async def read(self, who: Identity) -> Export:
        """One's own export, which may not be ready. Raises NotFound, ReauthenticationRequired."""
        export = await self._get(who.user_id)
        if export.is_ready:
            who.require_fresh(self._now())
        return export

    async def _get(self, user_id: str) -> Export:
        export = await self._exports.find(user_id, self._now())
        if export is None:
            raise NotFound(say("There is no export. POST here to have one made."))
        return export

    def bytes_of(self, export: Export) -> AsyncIterator[bytes]:
        """The archive, part by part."""
        return self._parts.read(export)

    # For the job

    async def make(self) -> int:
        """Make what waits; returns how many exports were made.

        Any process may. One that dies leaves an export claimed for a moment; then another one makes it from the start.
        """
        count = 0
        while (export := await self._exports.claim(self._now(), self._now() + _LEASE)) is not None:
            count += await self._make(export)
        return count

    async def _make(self, export: Export) -> bool:
        await self._parts.remove_others(export)
        user = await self._users.find(export.id)
        if user is None or user.status == "erased":
            return False
        size = number = 0
        async for part in self._archive(user):
            await self._parts.insert(export, number, part)
            size, number = size + len(part), number + 1
            if not await self._exports.keep(export, self._now() + _LEASE):
                return False
        return await self._exports.finish(export, size)

    async def make_for(self, by: Administrator, user: User) -> AsyncIterator[bytes]:
        """The zip of somebody else's data, at once and without keeping it. It is in the audit log before it begins."""
        await self._audit.record(_EXPORTED, actor=by.who, target=user.id)
        async for part in self._archive(user):
            yield part

    def _archive(self, user: User) -> AsyncIterator[bytes]:
        """The zip of somebody's data, made while it is read."""
        return zipped(self._files(user), self._now())

    async def _files(self, user: User) -> AsyncIterator[ExportedFile]:
        who = person(user)
        yield ExportedFile.of_bytes("README.txt", _README.encode())
        for data, _ in self._declared():
            if data.exported:
                name = "account" if data.collection == COLLECTION else data.collection
                yield ExportedFile(name=f"{name}.json", content=self._documents(data, who))
        for files in self._made(who):
            async for file in files:
                yield file

    async def _documents(self, data: PersonalData, who: Person) -> AsyncIterator[bytes]:
        """Those of somebody as a list, or the one that there is as an object."""
        is_one, separator = data.found_by == ("_id",), b""
        if not is_one:
            yield b"[\n"
        async for document in self._personal.documents(data, [who.id], data.exported, who.addresses):
            document_id = document.pop("_id")
            identified = {"id": document_id} if "_id" in data.exported else {}
            yield separator + as_json({**identified, **document})
            separator = b",\n"
        yield b"\n" if is_one else b"\n]\n"


def as_json(value: Any) -> bytes:
    """Times as the API has them, ids as texts."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_INDENT_2)


def _plain(value: Any) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)
