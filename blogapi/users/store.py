"""Where people are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from blogapi.access.identity import Byline
from blogapi.audit.model import Entry
from blogapi.cache.sources import FoundBy, PublicPart, uses
from blogapi.changes import KEPT, PublicChange
from blogapi.counting import Count
from blogapi.db.bulk import every
from blogapi.db.client import Database, Document, object_id
from blogapi.db.documents import from_document, to_document, to_subdocument
from blogapi.db.indexes import Store
from blogapi.errors import Conflict, NotFound, Stale
from blogapi.ids import is_id
from blogapi.mail.model import Mail
from blogapi.paging.keyset import Sort, find_page, stored
from blogapi.paging.page import Page, PageRequest
from blogapi.translation.sentence import say
from blogapi.users.logins import email_key, username_key
from blogapi.users.mfa import Mfa
from blogapi.users.model import COLLECTION, PUBLIC_FIELDS, Erasing, StoredPassword, User, UserFilter
from blogapi.users.waiting import HAS_ENTRIES, HAS_MAILS, held, pushed

_PUBLIC_SORTS = {"username": Sort("username_key"), "-posts_count": Sort("counters.posts", descending=True)}
_ADMIN_SORTS = {
    "-created_at": Sort("created_at", descending=True),
    "created_at": Sort("created_at"),
    "username": Sort("username_key"),
}

_HAS_PUBLISHED = {"counters.posts": {"$gt": 0}}
_PUBLIC = {**_HAS_PUBLISHED, "status": {"$ne": "erased"}}
_BYLINE = {"username": 1, "display_name": 1, "avatar_url": 1}
_WITHOUT = {"changes": 0, "password": 0, "mfa.totp": 0, "mfa.offered_totp": 0}
# Fields that no client sees in `changed`: they follow from fields that are named there.
_DERIVED = frozenset(
    {
        *("username_key", "email_key", "bio_html", "public_change"),
        *("epoch", "unlocks", "kept_session", "keys_since", "passkeys_since", "erasing"),
    }
)
_EVER = {"$gt": datetime(1970, 1, 1)}  # not null; of an index of these the planner sees that it serves
INVITATION_ACCEPTED = "invitation_accepted"
_TAKEN = {
    "username_key": Conflict(say("This username is taken."), code="username_taken"),
    "email_key": Conflict(say("There is an account with this e-mail address."), code="email_taken"),
    "invitation_id": Conflict(say("Somebody has accepted this invitation."), code=INVITATION_ACCEPTED),
}


def _sorted_by(*leading: str) -> list[IndexModel]:
    """The indexes that serve every sort of the administrators' list behind these filters."""
    return [
        IndexModel([(key, 1) for key in (*leading, last, "_id")], name="_".join(["admin", *leading, last]))
        for last in ("created_at", "username_key")
    ]


PUBLIC_PART = PublicPart(
    fields=PUBLIC_FIELDS
    | {"username_key", "bio_html", "counters", "status", "public_change", "version", "created_at", "updated_at"},
    projection={"username_key": 1, "counters.posts": 1},
    place_of=lambda user: FoundBy(
        (f"username={user['username_key']}", "any", *(["list"] if user.get("counters", {}).get("posts") else []))
    ),
)


class UserStore(Store):
    """People, each one document."""

    collection = COLLECTION
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("username_key", 1)], name="username", unique=True),
        # Bylines from an import and erased people have no address.
        IndexModel(
            [("email_key", 1)], name="email", unique=True, partialFilterExpression={"email_key": {"$type": "string"}}
        ),
        # An invitation is spent by the account that is made with it, in one step.
        IndexModel(
            [("invitation_id", 1)],
            name="invitation",
            unique=True,
            partialFilterExpression={"invitation_id": {"$type": "objectId"}},
        ),
        IndexModel([("username_key", 1), ("_id", 1)], name="public_username", partialFilterExpression=_HAS_PUBLISHED),
        IndexModel(
            [("counters.posts", -1), ("_id", -1)], name="public_posts_count", partialFilterExpression=_HAS_PUBLISHED
        ),
        IndexModel([("renamed_at", 1)], name="renamed", partialFilterExpression={"renamed_at": {"$exists": True}}),
        IndexModel([("outbox.id", 1)], name="outbox", partialFilterExpression=HAS_MAILS),
        IndexModel([("unlogged.id", 1)], name="unlogged", partialFilterExpression=HAS_ENTRIES),
        IndexModel([("erasure_at", 1)], name="leavers", partialFilterExpression={"erasure_at": _EVER}),
        IndexModel(
            [("erasing.due_at", 1)], name="erasing", partialFilterExpression={"erasing.due_at": {"$exists": True}}
        ),
        *_sorted_by(),
        *_sorted_by("role"),
        *_sorted_by("status"),
        *_sorted_by("role", "status"),
    )

    def __init__(self, database: Database) -> None:
        self._users = database[self.collection]

    async def get(self, user_id: str) -> User:
        """Raises NotFound."""
        user = await self.find(user_id)
        if user is None:
            raise NotFound(say("There is no user {user!r}.", user=user_id))
        return user

    async def find(self, user_id: str) -> User | None:
        """None when nobody has this id."""
        uses(self.collection, ids=[user_id])
        document = await self._users.find_one({"_id": object_id(user_id)}) if is_id(user_id) else None
        return None if document is None else _user(document)

    async def find_by_username(self, username: str) -> User | None:
        """However it is capitalised."""
        uses(self.collection, found=[f"username={username_key(username)}"])
        document = await self._users.find_one({"username_key": username_key(username)})
        if document is None:
            return None
        uses(self.collection, ids=[document["_id"]])
        return _user(document)

    async def find_by_email(self, email: str) -> User | None:
        """However it is capitalised."""
        document = await self._users.find_one({"email_key": email_key(email)})
        return None if document is None else _user(document)

    async def id_of_username(self, username: str) -> str | None:
        """None when nobody has it."""
        uses(self.collection, found=[f"username={username_key(username)}"])
        document = await self._users.find_one({"username_key": username_key(username)}, {"_id": 1})
        if document is None:
            return None
        uses(self.collection, ids=[document["_id"]])
        return str(document["_id"])

    async def bylines(self, user_ids: Iterable[str]) -> dict[str, Byline]:
        """By id, of those that exist, erased people included."""
        found = self._users.find({"_id": {"$in": _object_ids(user_ids)}}, _BYLINE)
        return {str(document["_id"]): from_document(Byline, document) async for document in found}

    async def find_all(self, user_ids: Iterable[str]) -> dict[str, User]:
        """By id, those that exist, without the log of their changes."""
        found = self._users.find({"_id": {"$in": _object_ids(user_ids)}}, _WITHOUT)
        return {str(document["_id"]): _user(document) async for document in found}

    async def with_method(self, method: str) -> AsyncIterator[str]:
        """The ids of those of whom this second factor is noted. For `doctor`."""
        async for document in every(self._users, {"mfa.methods": method}, {"_id": 1}):
            yield str(document["_id"])

    async def made_with(self, invitation_ids: Iterable[str]) -> dict[str, User]:
        """The accounts that were made with these invitations, by invitation."""
        found = self._users.find({"invitation_id": {"$in": _object_ids(invitation_ids)}}, _WITHOUT)
        return {str(document["invitation_id"]): _user(document) async for document in found}

    async def list(self, wanted: UserFilter, page: PageRequest) -> Page[User]:
        """People, without the log of their changes."""
        query: dict[str, Any] = dict(_PUBLIC) if wanted.public else {}
        query |= {"role": _any_of(wanted.roles)} if wanted.roles else {}
        query |= {"status": _any_of(wanted.statuses)} if wanted.statuses else {}
        sort = (_PUBLIC_SORTS if wanted.public else _ADMIN_SORTS)[wanted.sort]
        return await find_page(self._users, query, sort, page, _user, projection=_WITHOUT)

    async def insert(self, user: User, mails: Sequence[Mail] = (), entries: Sequence[Entry] = ()) -> None:
        """Raises Conflict: `username_taken`, `email_taken`, `invitation_accepted`, and `conflict` for a taken id."""
        waiting = held(mails, entries)
        try:
            await self._users.insert_one({**to_document(user), **waiting, "schema": 1})
        except DuplicateKeyError as error:
            raise _taken(error) from None

    async def change(
        self, before: User, after: User, now: datetime, mails: Sequence[Mail] = (), entries: Sequence[Entry] = ()
    ) -> User:
        """Write what differs, if `before` is still the present version, with the mails and entries that tell of it.

        Raises Stale, NotFound, Conflict.

        What others do to the counters meanwhile is kept.
        """
        old, new = to_document(before), to_document(after)
        different = {key: value for key, value in new.items() if value != old[key]}
        if PUBLIC_FIELDS.isdisjoint(different):
            public_change = before.last_public_change
        else:
            public_change = PublicChange(version=before.version + 1, at=now)
        different["public_change"] = to_document(public_change)
        entry = {"version": before.version + 1, "fields": sorted(different.keys() - _DERIVED)}
        renamed = {} if after.byline == before.byline else {"renamed_at": now}
        waiting = pushed(mails, entries)
        update = {
            "$set": {**different, **renamed, "updated_at": now},
            "$inc": {"version": 1},
            "$push": {"changes": {"$each": [entry], "$slice": -KEPT}, **waiting},
        }
        where = {"_id": object_id(before.id), "version": before.version}
        if "mfa" in different:
            where |= _with_mfa(before)
        try:
            document: Document | None = await self._users.find_one_and_update(
                where, update, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError as error:
            raise _taken(error) from None
        if document is None:
            present = await self.get(before.id)
            raise Stale(present, present.changed_since([before.version]))
        return _user(document)

    async def change_mfa(
        self, user: User, mfa: Mfa, mails: Sequence[Mail] = (), entries: Sequence[Entry] = ()
    ) -> User | None:
        """Write other second factors, with the mails and entries that tell of them. None when somebody was first.

        The version of the user stays: it is of what people edit.
        """
        old, new = to_subdocument(user.mfa), to_subdocument(replace(mfa, version=user.mfa.version + 1))
        different = {f"mfa.{key}": value for key, value in new.items() if value != old[key]}
        waiting = pushed(mails, entries)
        document = await self._users.find_one_and_update(
            {"_id": object_id(user.id), "status": user.status, **_with_mfa(user)},
            {"$set": different, **({"$push": waiting} if waiting else {})},
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else _user(document)

    async def delete_unproven(self, before: datetime) -> int:
        """Remove those made before then who have never confirmed their address, signed in or published."""
        result = await self._users.delete_many(
            {"status": "unverified", "created_at": {"$lt": before}, "last_login_at": None, "counters.posts": 0}
        )
        return result.deleted_count

    async def renamed_before(self, moment: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        """The people whose byline changed before then and is not shown everywhere yet, with the time of the change."""
        found = self._users.find({"renamed_at": {"$lt": stored(moment)}}, {"renamed_at": 1})
        documents = await found.sort([("renamed_at", 1)]).limit(limit).to_list(limit)
        return [(str(document["_id"]), document["renamed_at"]) for document in documents]

    async def settle_rename(self, user_id: str, renamed_at: datetime) -> None:
        """Note that all posts show the byline of that time. A later change stays open."""
        where = {"_id": object_id(user_id), "renamed_at": renamed_at}
        await self._users.update_one(where, {"$unset": {"renamed_at": ""}})

    async def replace_hash(self, user: User, password: StoredPassword) -> User | None:
        """Keep the same password, hashed anew. None when it was changed meanwhile."""
        return await self._update_unchanged(user, {"password": to_document(password)})

    async def unlock(self, user_id: str, entry: Entry) -> None:
        """End a lock-out, with the entry that tells of it."""
        update = {"$inc": {"unlocks": 1}, "$push": {"unlogged": to_subdocument(entry)}}
        await self._users.update_one({"_id": object_id(user_id)}, update)

    async def record_sign_in(self, user: User, now: datetime, mails: Sequence[Mail] = ()) -> User | None:
        """Note when somebody signed in. None when they were suspended or changed their password meanwhile."""
        return await self._update_unchanged(user, {"last_login_at": now}, mails)

    async def _update_unchanged(self, user: User, fields: Document, mails: Sequence[Mail] = ()) -> User | None:
        known = {"password": None} if user.password is None else {"password.hash": user.password.hash}
        document = await self._users.find_one_and_update(
            {"_id": object_id(user.id), "status": user.status, **known},
            {"$set": fields} | ({"$push": pushed(mails)} if mails else {}),
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else _user(document)

    async def add_to_posts_count(self, user_ids: Iterable[str], delta: int) -> None:
        """Add to the counts of public posts. A `delta` of 0 moves the counts, too."""
        ids = [object_id(user_id) for user_id in user_ids]
        await self._users.increment("_id", ids, {"counters.posts": delta, "count_moves": 1})

    async def posts_count(self, user_id: str) -> Count | None:
        """None when there is no such person."""
        found = await self._users.find_one({"_id": object_id(user_id)}, {"counters.posts": 1, "count_moves": 1})
        return None if found is None else Count(value=found["counters"]["posts"], moves=found.get("count_moves"))

    async def posts_counts(self) -> AsyncIterator[tuple[str, int]]:
        """Everybody's id with the count of public posts. For `doctor`."""
        async for found in self._users.find({}, {"counters.posts": 1}):
            yield str(found["_id"]), found["counters"]["posts"]

    async def correct_posts_count(self, user_id: str, seen: Count, right: int) -> bool:
        """Correct a count, unless it has moved since it was seen."""
        where = {"_id": object_id(user_id), "counters.posts": seen.value, "count_moves": seen.moves}
        return (await self._users.update_one(where, {"$set": {"counters.posts": right}})).matched_count == 1

    async def leaving_before(self, now: datetime, limit: int) -> Sequence[User]:
        """Those whose time to think about their erasure is over."""
        found = self._users.find({"erasure_at": {**_EVER, "$lte": stored(now)}}).sort([("erasure_at", 1)])
        return [_user(document) for document in await found.limit(limit).to_list(limit)]

    async def claim_erasing(self, now: datetime, until: datetime) -> User | None:
        """An erased person of whom there may be traces left: for who asks, and until then for nobody else."""
        document = await self._users.find_one_and_update(
            {"erasing.due_at": {"$lte": stored(now)}},
            {"$set": {"erasing.due_at": until}, "$inc": {"erasing.fence": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else _user(document)

    async def move_erasing(self, user: User, erasing: Erasing | None) -> bool:
        """Note how far it is; None is done. False, and not noted, when somebody else has gone on with it."""
        assert user.erasing is not None  # it was claimed
        where = {"_id": object_id(user.id), "erasing.fence": user.erasing.fence}
        fresh = None if erasing is None else to_subdocument(erasing)
        return (await self._users.update_one(where, {"$set": {"erasing": fresh}})).matched_count == 1

    async def erased(self) -> AsyncIterator[str]:
        """The ids of those of whom no trace should be left. For `doctor`."""
        async for document in every(self._users, {"status": "erased", "erasing": None}, {"_id": 1}):
            yield str(document["_id"])

    async def all_bylines(self) -> AsyncIterator[Byline]:
        """Of everybody, erased people included."""
        async for document in self._users.find({}, _BYLINE):
            yield from_document(Byline, document)

    async def acting_admins(self) -> frozenset[str]:
        """The ids of those who can manage people now."""
        found = self._users.find({"role": "admin", "status": "active", "erasure_at": None}, {"_id": 1})
        return frozenset([str(document["_id"]) async for document in found])


def _user(document: Mapping[str, Any]) -> User:
    return from_document(User, document)


def _object_ids(user_ids: Iterable[str]) -> list[Any]:
    return [object_id(user_id) for user_id in user_ids if is_id(user_id)]


def _any_of(values: tuple[str, ...]) -> Any:
    return values[0] if len(values) == 1 else {"$in": list(values)}


def _with_mfa(user: User) -> Document:
    """Finds a user whose second factors are still these."""
    # Accounts that were made before there were second factors have none of these fields.
    return {"mfa.version": user.mfa.version or {"$in": [0, None]}}


def _taken(error: DuplicateKeyError) -> Conflict:
    key = next(iter((error.details or {}).get("keyPattern", {})), "")
    known = _TAKEN.get(key)
    return Conflict(say("There is a user with this id.")) if known is None else Conflict(known.detail, code=known.code)
