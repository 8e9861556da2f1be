"""Where posts are kept: one document each, the head document.

It holds both copies, so every edit and every transition is one compare-and-set on its version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass, replace
from datetime import datetime
from typing import Any

from bson.objectid import ObjectId
from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError
from pymongo.write_concern import WriteConcern

from blogapi.access.identity import Byline, Viewer
from blogapi.cache.sources import uses
from blogapi.changes import KEPT
from blogapi.db.batching import Together
from blogapi.db.bulk import insert_new
from blogapi.db.client import Database, Document, object_id
from blogapi.db.documents import from_document, from_subdocument, to_document, to_subdocument
from blogapi.db.indexes import Store
from blogapi.errors import Gone, NotFound
from blogapi.paging.keyset import Sort, find_page, stored
from blogapi.paging.page import Page, PageRequest
from blogapi.posts.audiences import LISTED_AS, audiences_of
from blogapi.posts.cache_sources import POSTS, selection_of
from blogapi.posts.copies import DIGEST_FIELDS, HEAVY_FIELDS, HEAVY_PATHS
from blogapi.posts.model import EDITING_ROLE, Post, PublicFilter, Uncounted, WorkingFilter
from blogapi.posts.public_view import PUBLIC_FIELDS, PublicPost, projection_of, public_post
from blogapi.posts.schedules.store import DUE, move_due_at
from blogapi.posts.store.bylines import refresh_byline
from blogapi.posts.store.filters import (
    BY_STATUS,
    PAGES,
    PUBLISHED_AT,
    UPDATED_AT,
    any_of,
    index_keys,
    public_query,
    working_hint,
    working_query,
)
from blogapi.posts.store.survey import SLUGS, slugs_in
from blogapi.posts.translations.model import language_taken
from blogapi.posts.translations.store import Siblings
from blogapi.translation.sentence import say

_KEPT_KEYS = 20
_LIGHT = dict.fromkeys(HEAVY_PATHS, 0)
_READABLE = {"live.audience": {"$in": [*audiences_of(None)]}}
# More posts in one answer of the database would keep those that came first waiting.
_TOGETHER = 16


def _index(name: str, *keys: str) -> IndexModel:
    """Readers' indexes start with the audience, so that drafts take no room in a range."""
    return IndexModel(index_keys(*keys), name=name)


def _translated(name: str, lang: str, where: Document) -> IndexModel:
    """Two posts of one group never have the same language."""
    there = {"translation_group": {"$exists": True}, **where}
    return IndexModel([("translation_group", 1), (lang, 1)], name=name, unique=True, partialFilterExpression=there)


class PostStore(Store):
    """The head documents."""

    collection = POSTS
    indexes = (
        _index("public", "live.audience", "-live.published_at", "-_id"),
        _index("public_by_tag", "live.audience", "live.tags", "-live.published_at", "-_id"),
        _index("public_by_author", "live.audience", "live.authors.id", "-live.published_at", "-_id"),
        _index("public_by_lang", "live.audience", "live.lang", "-live.published_at", "-_id"),
        _index("public_by_featured", "live.audience", "featured", "-live.published_at", "-_id"),
        _index("live_slug", "live.slug"),
        _index("working", "-updated_at", "-_id"),
        _index("working_by_status_and_publication", *BY_STATUS),
        _index("working_by_author", "working.authors.id", "-updated_at", "-_id"),
        _index("working_by_author_status_and_publication", "working.authors.id", *BY_STATUS),
        _index("working_by_tag", "working.tags", "-updated_at", "-_id"),
        _index("working_by_lang", "working.lang", "-updated_at", "-_id"),
        _index("working_by_featured", "featured", "-updated_at", "-_id"),
        _index("live_author", "live.authors.id"),
        _index("live_tag", "live.tags"),
        IndexModel(index_keys(*PAGES), name="working_pages", partialFilterExpression={"kind": "page"}),
        IndexModel(
            [("origin.source", 1), ("origin.path", 1)],
            name="by_origin",
            partialFilterExpression={"origin.path": {"$exists": True}},
        ),
        _translated("one_translation_for_each_language", "working.lang", {}),
        _translated("one_live_translation_for_each_language", "live.lang", {"live.version": {"$exists": True}}),
        IndexModel([("deleted_at", 1)], name="trash", partialFilterExpression={"status": "trashed"}),
        IndexModel(
            [("uncounted.at", 1)], name="uncounted", partialFilterExpression={"uncounted.at": {"$exists": True}}
        ),
        DUE,
        IndexModel([("unswept_at", 1)], name="unswept", partialFilterExpression={"unswept_at": {"$exists": True}}),
    )

    def __init__(self, database: Database) -> None:
        self._posts = database[self.collection]
        # For updates that are repeated when a failover has undone them, so they need not wait for a majority.
        self._marks = database.get_collection(self.collection, write_concern=WriteConcern(w=1))
        self._siblings = Siblings(database)
        self._public = Together(self._find_all_public, most=_TOGETHER)

    async def find_public(self, key: Mapping[str, str]) -> PublicPost | None:
        """What everybody sees of a post: by `{"id": ...}` or by `{"slug": ...}`."""
        if "id" in key:
            uses(self.collection, ids=[key["id"]])
            document = await self._public.find(object_id(key["id"]))
        else:
            uses(self.collection, found=[f"slug={key['slug'].lower()}"])
            where = {"live.slug": key["slug"], **_READABLE}
            document = await self._posts.find_one(where, dict(projection_of(PUBLIC_FIELDS)))
        if document is None:
            return None
        uses(self.collection, ids=[document["_id"]])
        post = public_post(document, PUBLIC_FIELDS)
        if "translation_group" in document:
            await self._siblings.show([(document["translation_group"], post)])
        return post

    async def _find_all_public(self, post_ids: list[ObjectId]) -> dict[ObjectId, Document]:
        found = self._posts.find({"_id": {"$in": post_ids}, **_READABLE}, dict(projection_of(PUBLIC_FIELDS)))
        # Else the planner weighs this against all the indexes that begin with the audience.
        documents = await found.hint([("_id", 1)]).to_list(len(post_ids))
        return {document["_id"]: document for document in documents}

    async def get(self, post_id: str, *, visible_to: Viewer) -> Post:
        """The whole post. Raises NotFound, also for what the viewer may not see, and Gone."""
        return await self._get(post_id, _visible_to(visible_to))

    async def get_unguarded(self, post_id: str) -> Post:
        """The whole post, whoever asks: only where a right was checked before. Raises NotFound, Gone."""
        return await self._get(post_id, {})

    async def _get(self, post_id: str, where: Document) -> Post:
        uses(self.collection, ids=[post_id])
        # Else the planner weighs the id against all the indexes that `where` could use.
        found = self._posts.find({"_id": object_id(post_id), **where}).hint([("_id", 1)]).limit(1)
        documents = await found.to_list(1)
        if not documents:
            raise NotFound(say("There is no post {post!r}.", post=post_id))
        return await self._with_translations(_post(documents[0]))

    async def _with_translations(self, post: Post) -> Post:
        (whole,) = await self._siblings.with_translations([post])
        return whole

    async def find_by_origin(self, source: str, path: str) -> Post | None:
        """The post that an import made of this file."""
        document = await self._posts.find_one({"origin.source": source, "origin.path": path})
        return None if document is None else _post(document)

    async def insert(self, post: Post, mark: Uncounted | None) -> bool:
        """False when a post with this id, or of this origin, is there: an earlier attempt got that far."""
        try:
            await self._posts.insert_one({**to_document(post), **_marked(mark), "schema": 1})
        except DuplicateKeyError:
            return False
        return True

    async def insert_many(self, posts: Iterable[Post]) -> int:
        """For bulk loads of posts whose slugs are claimed; returns how many were new."""
        return await insert_new(self._posts, [{**to_document(post), "schema": 1} for post in posts])

    async def existing(self, post_ids: Iterable[str]) -> frozenset[str]:
        """Those ids that posts have, or had before they were removed for good."""
        found = self._posts.find({"_id": {"$in": [object_id(post_id) for post_id in post_ids]}}, {"_id": 1})
        return frozenset([str(document["_id"]) async for document in found])

    async def change(
        self,
        post: Post,
        changes: Mapping[str, Any],
        *,
        changed_fields: Iterable[str],
        now: datetime | None = None,
        key: str | None = None,
        live_slugs: Iterable[str] = (),
        mark: Uncounted | None = None,
    ) -> Post | None:
        """Move the post one version on, in one step; None when somebody else moved it first. Raises Conflict.

        `changes` maps paths in the document to models or plain values, `changed_fields` are named as clients know them.
        Without a time, it does not count among what was changed last.
        """
        version = post.version + 1
        entry = {"version": version, "fields": sorted(changed_fields)}
        push: Document = {"changes": {"$each": [entry], "$slice": -KEPT}}
        if key is not None:
            push["applied"] = {"$each": [key], "$slice": -_KEPT_KEYS}
        if mark is not None:
            push["uncounted"] = to_subdocument(mark)
        update: Document = {
            "$set": {
                **{path: _plain(value) for path, value in changes.items()},
                **({"updated_at": now} if now else {}),
            },
            "$inc": {"version": 1},
            "$push": push,
        }
        move_due_at(update, post, changes)
        if live_slugs:
            update["$addToSet"] = {"live_slugs": {"$each": list(live_slugs)}}
        where = {"_id": object_id(post.id), "version": post.version}
        try:
            document = await self._posts.find_one_and_update(where, update, return_document=ReturnDocument.AFTER)
        except DuplicateKeyError:  # of the indexes that an update can break, all are of translations
            raise language_taken() from None
        return None if document is None else await self._with_translations(_post(document))

    async def purge(self, post: Post, now: datetime, mark: Uncounted | None) -> bool:
        """Remove all of a post but the fact that there was one; False when somebody else changed it first."""
        gone = {"_id": object_id(post.id), "version": post.version + 1, "status": "purged", "schema": 1}
        remaining = {
            "was_public": post.live is not None and post.visibility in ("public", "unlisted"),
            "deleted_at": now,
            "unswept_at": now,
            "created_at": post.created_at,
            "updated_at": now,
        }
        result = await self._posts.replace_one(
            {"_id": gone["_id"], "version": post.version}, {**gone, **remaining, **_marked(mark)}
        )
        return result.matched_count == 1

    async def unswept_before(self, moment: datetime, limit: int) -> list[str]:
        """The ids of posts removed for good before then, of which something else may be left, oldest first."""
        found = self._posts.find({"unswept_at": {"$lt": stored(moment)}}, {"_id": 1}).sort([("unswept_at", 1)])
        return [str(document["_id"]) for document in await found.limit(limit).to_list(limit)]

    async def swept(self, post_id: str) -> None:
        """Nothing is left of a post that was removed for good."""
        await self._posts.update_one({"_id": object_id(post_id)}, {"$unset": {"unswept_at": ""}})

    async def list_public(
        self, wanted: PublicFilter, page: PageRequest, fields: tuple[str, ...] | None
    ) -> Page[PublicPost]:
        """The public list, newest first or oldest first."""
        chosen = fields or tuple(name for name in PUBLIC_FIELDS if name not in HEAVY_FIELDS)
        sort = Sort(PUBLISHED_AT, wanted.newest_first)
        projection = {**projection_of(chosen), sort.key: 1}
        heavy = not HEAVY_FIELDS.isdisjoint(chosen)
        translated: list[tuple[ObjectId, PublicPost]] = []

        def read(document: Document) -> PublicPost:
            post = public_post(document, chosen)
            if "translation_group" in document:
                translated.append((document["translation_group"], post))
            return post

        found = await find_page(
            self._posts,
            public_query(wanted),
            sort,
            page,
            read,
            projection=projection,
            heavy=heavy,
            selection=selection_of(wanted),
        )
        if translated:
            await self._siblings.show(translated)
        return found

    async def list_working(self, wanted: WorkingFilter, page: PageRequest, *, heavy: bool) -> Page[Post]:
        """What somebody may edit, last changed first or last."""
        query, sort = working_query(wanted), Sort(UPDATED_AT, wanted.newest_first)
        projection, hint = None if heavy else _LIGHT, working_hint(wanted)
        found = await find_page(self._posts, query, sort, page, _post, projection=projection, heavy=heavy, hint=hint)
        items = found.items if heavy else [await self._digested(post) for post in found.items]
        return replace(found, items=await self._siblings.with_translations(items))

    async def _digested(self, light: Post) -> Post:
        """A post of a list without heavy fields. Outdated digests are made of the whole post as it is now."""
        if light.status != "published" or light.is_digested:
            return light
        try:
            return (await self.get_unguarded(light.id)).digested()
        except NotFound:  # removed for good in this moment
            return light

    async def refresh_byline(self, byline: Byline) -> None:
        """Show an author's present name and picture in both copies. Versions stay: nobody edited a post."""
        for copy in ("working", "live"):
            await refresh_byline(self._posts, f"{copy}.authors", byline)

    async def trashed_before(self, moment: datetime, limit: int) -> list[Post]:
        """What has been in the trash since before then, oldest first."""
        found = self._posts.find({"status": "trashed", "deleted_at": {"$lt": stored(moment)}})
        return [_post(document) for document in await found.sort([("deleted_at", 1)]).limit(limit).to_list(limit)]

    # What is counted

    async def counted(self, marks: Mapping[str, Uncounted], *, surely: bool = False) -> None:
        """Remove marks, by post: the counts are updated. `surely`: not before a majority of the servers has it."""
        posts = self._posts if surely else self._marks
        ids = {"$in": [object_id(mark.id) for mark in marks.values()]}
        which = [object_id(post_id) for post_id in marks]
        if len(which) == 1:  # the driver repeats this one by itself when the primary changes
            await posts.update_one({"_id": which[0]}, {"$pull": {"uncounted": {"id": ids}}})
        else:
            await posts.update_many({"_id": {"$in": which}}, {"$pull": {"uncounted": {"id": ids}}})

    async def uncounted_before(self, moment: datetime, limit: int) -> list[tuple[str, Uncounted]]:
        """Marks from before then, each with the id of its post, oldest first."""
        found = self._posts.find({"uncounted.at": {"$lt": stored(moment)}}, {"uncounted": 1})
        documents = await found.sort([("uncounted.at", 1)]).limit(limit).to_list(limit)
        marks = [(str(document["_id"]), _mark(mark)) for document in documents for mark in document["uncounted"]]
        return [(post_id, mark) for post_id, mark in marks if mark.at < moment]

    async def is_moving(self, since: datetime, *, tags: Iterable[str] = (), author_id: str | None = None) -> bool:
        """Whether a post carries a mark from then or later that names one of these tags, or this author."""
        named = {"tags": {"$in": [*tags]}} if author_id is None else {"author_ids": object_id(author_id)}
        fresh = {"$gte": stored(since)}
        where = {"uncounted.at": fresh, "uncounted": {"$elemMatch": {"at": fresh, **named}}}
        return await self._posts.find_one(where, {"_id": 1}) is not None

    async def count_listed(self, *, tags: Iterable[str] = (), author_id: str | None = None) -> int:
        """How many posts stand in public lists, with one of these tags or by this author."""
        which = {"live.tags": any_of(tags)} if author_id is None else {"live.authors.id": object_id(author_id)}
        return await self._posts.count_documents({"live.audience": LISTED_AS["post"], **which})

    # Tags that moved

    async def tagged(self, slugs: Iterable[str], limit: int) -> list[Post]:
        """Posts of which either copy carries one of these tags, without their heavy fields."""
        found = self._posts.find(_tagged(slugs), _LIGHT).limit(limit)
        return [_post(document) for document in await found.to_list(limit)]

    async def count_tagged(self, slugs: Iterable[str]) -> int:
        """How many posts there are of which either copy carries one of these tags."""
        return await self._posts.count_documents(_tagged(slugs))

    # For `doctor`

    async def digest(self, post_id: str) -> bool:
        """Make digests of the present revisions; False when the post was changed meanwhile."""
        post = (await self.get_unguarded(post_id)).digested()
        copies = {"working": post.working, **({} if post.live is None else {"live": post.live})}
        fresh = {f"{name}.{field}": getattr(copy, field) for name, copy in copies.items() for field in DIGEST_FIELDS}
        where = {"_id": object_id(post_id), "version": post.version}
        return (await self._posts.update_one(where, {"$set": fresh})).matched_count == 1

    async def slugs_of(self, post_ids: Iterable[str]) -> dict[str, frozenset[str]]:
        """The slugs of these posts, by id, without those that were removed for good."""
        wanted = {"$in": [object_id(post_id) for post_id in post_ids]}
        found = self._posts.find({"_id": wanted, "status": {"$ne": "purged"}}, SLUGS)
        return {str(document["_id"]): slugs_in(document) async for document in found}


def _tagged(slugs: Iterable[str]) -> Document:
    some = {"$in": [*slugs]}
    return {"$or": [{"working.tags": some}, {"live.tags": some}]}


def _visible_to(who: Viewer) -> Document:
    """The rule of who sees what. That a post was removed for good is told to everybody who could see it."""
    if who is not None and who.is_editor:
        return {}
    seen: list[Document] = [{"live.audience": {"$in": [*audiences_of(who)]}}, {"status": "purged"}]
    if who is not None and who.has_role(EDITING_ROLE):
        seen.append({"working.authors.id": object_id(who.user_id)})
    return {"$or": seen}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return to_subdocument(value) if is_dataclass(value) else value


def _post(document: Document) -> Post:
    if document["status"] == "purged":
        if document.get("was_public"):
            raise Gone(say("This post has been deleted for good."))
        raise NotFound(say("There is no such post."))
    return from_document(Post, document)


def _marked(mark: Uncounted | None) -> Document:
    return {} if mark is None else {"uncounted": [to_subdocument(mark)]}


def _mark(document: Document) -> Uncounted:
    return from_subdocument(Uncounted, document)
