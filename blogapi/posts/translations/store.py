"""Which posts are translations of each other, and what readers see of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bson.objectid import ObjectId
from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from blogapi.cache.sources import uses
from blogapi.db.bulk import every
from blogapi.db.client import Database, Document, object_id
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.paging.keyset import stored
from blogapi.posts.audiences import LISTED_AS
from blogapi.posts.cache_sources import POSTS, TRANSLATIONS
from blogapi.posts.copies import HEAVY_PATHS
from blogapi.posts.model import Post
from blogapi.posts.public_view import PublicPost, public_translations
from blogapi.posts.translations.model import Group, Translation, in_another_group

# Of live copies that signed-in readers find in lists.
_SIGNED_IN = (*LISTED_AS.values(), "members")
_SHOWN = {
    "translation_group": 1,
    **dict.fromkeys([f"live.{name}" for name in ("audience", "lang", "slug", "title")], 1),
}


class TranslationStore(Store):
    """Groups of posts: `{_id, version, posts, unsettled_at, shown}`. One update of one of them decides who is in it.

    The heads of its posts name the group after that (`translation_group`), since that is what readers go by.
    `unsettled_at` is there while it is open whether they do: whoever was about to may have died. `shown` is the
    version for which they did.
    """

    collection = TRANSLATIONS
    indexes = (
        IndexModel([("posts", 1)], name="one_group_for_each_post", unique=True),
        IndexModel(
            [("unsettled_at", 1)], name="unsettled", partialFilterExpression={"unsettled_at": {"$exists": True}}
        ),
    )

    def __init__(self, database: Database) -> None:
        self._groups, self._posts = database[self.collection], database[POSTS]

    # Who is in which group

    async def find(self, post_id: str) -> Group | None:
        """The group that a post is in."""
        return next(iter(await self.find_all([post_id])), None)

    async def find_all(self, post_ids: Iterable[str]) -> Sequence[Group]:
        """The groups that any of these posts are in."""
        found = self._groups.find({"posts": {"$in": [object_id(post_id) for post_id in post_ids]}})
        return [_group(document) async for document in found]

    async def get(self, group_id: str) -> Group | None:
        """None when it is not there any more."""
        document = await self._groups.find_one({"_id": object_id(group_id)})
        return None if document is None else _group(document)

    async def insert(self, group: Group) -> None:
        """A new group. Raises Conflict when another one has one of its posts."""
        try:
            await self._groups.insert_one({**to_document(group), "unsettled_at": group.updated_at, "schema": 1})
        except DuplicateKeyError:
            raise in_another_group() from None

    async def change(self, group: Group, posts: Iterable[str], now: datetime) -> Group | None:
        """Have these posts in the group, in one step; None when somebody else changed it first. Raises Conflict."""
        ids = [object_id(post_id) for post_id in posts]
        try:
            document = await self._groups.find_one_and_update(
                {"_id": object_id(group.id), "version": group.version},
                {"$set": {"posts": ids, "updated_at": now, "unsettled_at": now}, "$inc": {"version": 1}},
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            raise in_another_group() from None
        return None if document is None else _group(document)

    async def delete(self, group: Group) -> None:
        """Remove a group, unless somebody else changed it first."""
        await self._groups.delete_one({"_id": object_id(group.id), "version": group.version})

    async def heads(self, post_ids: Iterable[str]) -> dict[str, Post]:
        """By id, those of these posts that were not removed for good, without heavy fields, whoever may see them."""
        ids = {"$in": [object_id(post_id) for post_id in post_ids]}
        found = self._posts.find({"_id": ids, "working": {"$exists": True}}, dict.fromkeys(HEAVY_PATHS, 0))
        return {str(document["_id"]): from_document(Post, document) async for document in found}

    # What the heads say of it

    async def mark(self, group: Group) -> frozenset[str]:
        """Have the heads of its posts name the group, and no others.

        Returns the posts that cannot: they are gone, or another one of the group has come to the same language.
        """
        await self._unmark(group.id, group.members)
        lost = [post_id for post_id in group.members if not await self._mark(post_id, group.id)]
        return frozenset(lost)

    async def unmark(self, group_id: str) -> None:
        """Have no head name a group that is not there any more."""
        await self._unmark(group_id, ())

    async def _mark(self, post_id: str, group_id: str) -> bool:
        where = {"_id": object_id(post_id), "working": {"$exists": True}}
        named = {"translation_group": object_id(group_id)}
        if await self._posts.find_one({**where, **named}, {"_id": 1}):
            return True  # and no kept answer goes for it
        try:
            return (
                await self._posts.find_one_and_update(where, {"$set": named}, return_document=ReturnDocument.AFTER)
                is not None
            )
        except DuplicateKeyError:
            return False

    async def _unmark(self, group_id: str, but: Iterable[str]) -> None:
        staying = [object_id(post_id) for post_id in but]
        where: Document = {"translation_group": object_id(group_id)}
        # One by one, so that the cache is told what each of them is now.
        async for document in self._posts.find({**where, "_id": {"$nin": staying}}, {"_id": 1}):
            await self._posts.find_one_and_update(
                {"_id": document["_id"], **where},
                {"$unset": {"translation_group": ""}},
                return_document=ReturnDocument.AFTER,
            )

    async def shown(self, group: Group) -> bool:
        """The heads name this version of the group; False when there is a later one.

        Answers that were made while they did not are given up by this write.
        """
        where = {"_id": object_id(group.id), "version": group.version}
        return (await self._groups.update_one(where, {"$set": {"shown": group.version}})).matched_count == 1

    async def unsettled_before(self, moment: datetime, limit: int) -> list[str]:
        """The ids of groups of which it is open since then whether the heads name them, oldest first."""
        found = self._groups.find({"unsettled_at": {"$lt": stored(moment)}}, {"_id": 1}).sort([("unsettled_at", 1)])
        return [str(document["_id"]) for document in await found.limit(limit).to_list(limit)]

    async def settled(self, group_id: str, moment: datetime) -> None:
        """The heads name the group, unless it was changed since that moment."""
        where = {"_id": object_id(group_id), "unsettled_at": {"$lt": stored(moment)}}
        await self._groups.update_one(where, {"$unset": {"unsettled_at": ""}})

    async def all(self) -> AsyncIterator[Group]:
        """Every group. For `doctor`."""
        async for document in every(self._groups):
            yield _group(document)

    async def existing(self, group_ids: Iterable[str]) -> frozenset[str]:
        """Those of these groups that are there. For `doctor`."""
        found = self._groups.find({"_id": {"$in": [object_id(group_id) for group_id in group_ids]}}, {"_id": 1})
        return frozenset([str(document["_id"]) async for document in found])

    async def marks(self, group_ids: Iterable[str]) -> dict[str, frozenset[str]]:
        """By group, the posts whose heads name it. For `doctor`."""
        named: dict[str, set[str]] = defaultdict(set)
        where = {"translation_group": {"$in": [object_id(group_id) for group_id in group_ids]}}
        async for document in self._posts.find(where, {"translation_group": 1}):
            named[str(document["translation_group"])].add(str(document["_id"]))
        return {group_id: frozenset(posts) for group_id, posts in named.items()}

    async def marked(self) -> AsyncIterator[str]:
        """The id of the group that a head names, for each head that names one. For `doctor`."""
        async for document in every(self._posts, {"translation_group": {"$exists": True}}, {"translation_group": 1}):
            yield str(document["translation_group"])


class Siblings:
    """What readers see of translations: one query for all posts of a page, and none where no post has any."""

    def __init__(self, database: Database) -> None:
        self._posts = database[POSTS]

    async def show(self, posts: Sequence[tuple[ObjectId, PublicPost]]) -> None:
        """Show everybody the translations of these posts, each given with its group."""
        translations = await self._of([group for group, _ in posts], LISTED_AS.values())
        for group, post in posts:
            others = [each for each in translations.get(group, ()) if each.id != post["id"]]
            post["translations"] = public_translations(others)

    async def with_translations(self, posts: Sequence[Post]) -> list[Post]:
        """These posts with those translations that signed-in readers see."""
        groups = {object_id(post.translation_group) for post in posts if post.translation_group is not None}
        if not groups:
            return [*posts]
        translations = await self._of(groups, _SIGNED_IN)

        def others_than(post: Post) -> tuple[Translation, ...]:
            of_group = () if post.translation_group is None else translations.get(object_id(post.translation_group), ())
            return tuple(each for each in of_group if each.id != post.id)

        return [replace(post, translations=others_than(post)) for post in posts]

    async def _of(self, groups: Iterable[ObjectId], audiences: Iterable[str]) -> dict[ObjectId, Sequence[Translation]]:
        """By group, its posts for these audiences, in the order of their languages."""
        wanted = {*groups}
        uses(TRANSLATIONS, ids=wanted)
        found = self._posts.find({"translation_group": {"$in": [*wanted]}}, _SHOWN)
        translations: dict[ObjectId, list[Translation]] = defaultdict(list)
        documents = await found.to_list(None)
        # Also of those that nobody sees: they may be published.
        uses(POSTS, ids=[document["_id"] for document in documents])
        for document in documents:
            live = document.get("live")
            if live and live.get("audience") in audiences:
                translations[document["translation_group"]].append(_translation(document["_id"], live))
        return {group: sorted(posts, key=_by_language) for group, posts in translations.items()}


def _by_language(translation: Translation) -> str:
    return translation.lang or ""


def _translation(post_id: ObjectId, live: Document) -> Translation:
    about: Document = {name: live.get(name) for name in ("lang", "slug", "title", "audience")}
    return Translation(id=str(post_id), **about)


def _group(document: Document) -> Group:
    return from_document(Group, document)
