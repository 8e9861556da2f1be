"""The fields of one's own (`custom`), by the schema that administrators have declared in the settings.

A post and the schema are two documents, so either could be written between the look and the write of the other.
Therefore both look again behind their write. Whoever writes a post reads the settings once more, and whoever sets a
schema looks through all posts once more: one of them sees what the other has done, and takes its own back. What the
death of a process leaves in between, `doctor` finds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from blogapi.errors import Conflict, FieldError, Invalid
from blogapi.posts.custom.store import PARTS, CustomStore
from blogapi.posts.model import Post
from blogapi.settings.custom import custom_faults
from blogapi.settings.model import Settings, Wish
from blogapi.settings.service import SettingsService
from blogapi.translation.sentence import say_many

Custom = Mapping[str, Any]
_MOST_NAMED = 10


class CustomFields:
    """Checks posts by the schema, and a schema by the posts that are there."""

    def __init__(self, store: CustomStore, settings: SettingsService) -> None:
        self._store, self._settings = store, settings

    async def settings(self) -> Settings:
        """Those that hold now."""
        return await self._settings.current()

    async def require(self, *customs: Custom) -> str | None:
        """What the schema says of these; returns by which schema they were checked. Raises Invalid."""
        schema = (await self._settings.current()).custom_schema
        _require(schema, customs)
        return schema

    async def require_still(self, schema: str | None, *customs: Custom) -> None:
        """The same behind the write: whether another schema holds by now that says something else. Raises Invalid."""
        if customs:
            present = (await self._settings.fresh()).custom_schema
            if present != schema:
                _require(present, customs)

    async def check_schema(self, before: Wish, after: Wish) -> None:
        """Raises Conflict `schema_conflict` for a schema that posts break."""
        schema = after.custom_schema
        if schema is None or schema == before.custom_schema:
            return
        count, first = 0, []
        async for post_id, faults in self._broken(schema):
            count += 1
            if count <= _MOST_NAMED:
                errors = [{"pointer": each.pointer, "code": each.code, "detail": each.detail} for each in faults]
                first.append({"id": post_id, "errors": errors})
        if count:
            says = say_many(
                "{count:,} post does not fit this schema. Change it or the schema.",
                "{count:,} posts do not fit this schema. Change them or the schema.",
                count,
            )
            raise Conflict(says, code="schema_conflict", count=count, posts=first)

    async def prepare_filters(self, before: Wish, after: Wish) -> None:
        """Have an index for each field by which lists can be filtered, before anybody can."""
        await self._store.create_indexes(after.filterable)

    async def drop_filters(self, settings: Settings) -> None:
        """Remove the indexes of all other fields."""
        await self._store.drop_indexes(settings.filterable)

    async def index_filters(self) -> int:
        """Do what somebody has not come to who set it; returns how many fields had no index."""
        settings = await self._settings.fresh()
        missing = await self.unindexed()
        await self._store.create_indexes(missing)
        await self.drop_filters(settings)
        return len(missing)

    async def unindexed(self) -> frozenset[str]:
        """The fields by which lists can be filtered, and that have no index."""
        return frozenset((await self._settings.fresh()).filterable) - await self._store.indexed()

    async def broken(self) -> AsyncIterator[str]:
        """The ids of posts that the present schema does not allow. For `doctor`."""
        schema = (await self._settings.fresh()).custom_schema
        if schema is not None:
            async for post_id, _ in self._broken(schema):
                yield post_id

    async def _broken(self, schema: str) -> AsyncIterator[tuple[str, list[FieldError]]]:
        async for post_id, customs in self._store.all():
            for custom in customs:
                if faults := custom_faults(schema, custom):
                    yield post_id, faults
                    break
            await asyncio.sleep(0)  # many come at once from the database, and others have their turn between them


def written_in(changes: Mapping[str, Any]) -> Iterator[Custom]:
    """The values of `custom` that these changes write; `changes` maps paths in the document to values."""
    for path, value in changes.items():
        if path.endswith(".custom"):
            yield value
        elif path in PARTS and value is not None:
            yield value.custom


def customs_of(post: Post) -> Iterator[Custom]:
    """Those of all its parts."""
    return written_in({name: getattr(post, name) for name in PARTS})


def undoing(post: Post, changed: Post, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What takes these changes back, which have made `changed` of the post. A copy never gets a number again."""
    former: dict[str, Any] = {}
    for path in changes:
        value: Any = post
        for name in path.split("."):
            value = getattr(value, name)
        former[path] = value
    if changed.working.revision != post.working.revision:
        number = changed.working.revision + 1
        whole = {path: value for path, value in former.items() if path.partition(".")[0] != "working"}
        return {**whole, "working": post.working.renumbered(number)}
    return former


def _require(schema: str | None, customs: tuple[Custom, ...]) -> None:
    for custom in customs:
        if faults := custom_faults(schema, custom):
            raise Invalid(faults)
