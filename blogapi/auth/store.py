"""Where sessions are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import ClassVar

from pymongo import IndexModel, ReturnDocument

from blogapi.auth.model import Device, Session, SessionWithUser
from blogapi.db.client import Database, object_id
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.paging.keyset import Sort, find_page
from blogapi.paging.page import Page, PageRequest
from blogapi.users.joined import user_in, with_user
from blogapi.users.model import User

KEPT_ROTATIONS = 10
_NEWEST_FIRST = Sort("created_at", descending=True)
_FIELDS = tuple(field.name for field in fields(Session) if field.name != "id")


class SessionStore(Store):
    """Sessions. What has expired is not there, even before the database has swept it up."""

    collection = "sessions"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=0),
        IndexModel([("user_id", 1), ("created_at", -1), ("_id", -1)], name="newest_of_user"),
    )

    def __init__(self, database: Database) -> None:
        self._sessions = database[self.collection]

    async def insert(self, session: Session) -> None:
        """Keep a new session."""
        await self._sessions.insert_one({**to_document(session), "schema": 1})

    async def find(self, session_id: str, now: datetime) -> SessionWithUser | None:
        """A session with the role, status and byline of its user, in one query."""
        where = {"_id": object_id(session_id), "expires_at": {"$gt": now}}
        found = await self._sessions.aggregate(with_user(where, _FIELDS)).to_list(1)
        user = user_in(found[0]) if found else None
        return None if user is None else SessionWithUser(session=from_document(Session, found[0]), user=user)

    async def touch(self, session: Session, now: datetime, expires_at: datetime) -> None:
        """Note that it was used. Of several requests at once, one does."""
        await self._sessions.update_one(
            {"_id": object_id(session.id), "last_seen_at": session.last_seen_at},
            {"$set": {"last_seen_at": now, "expires_at": expires_at}},
        )

    async def rotate(self, session: Session, now: datetime, expires_at: datetime) -> Session | None:
        """Spend the present generation of the refresh token. None when somebody else just did, or it has ended."""
        rotation = {"n": session.generation, "at": now}
        document = await self._sessions.find_one_and_update(
            {"_id": object_id(session.id), "generation": session.generation},
            {
                "$inc": {"generation": 1},
                "$set": {"last_seen_at": now, "expires_at": expires_at},
                "$push": {"rotations": {"$each": [rotation], "$slice": -KEPT_ROTATIONS}},
            },
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else from_document(Session, document)

    async def authenticated(self, session_id: str, factor: str, now: datetime) -> None:
        """Note that somebody has shown again who they are, and by what."""
        changes = {"$set": {"authenticated_at": now}, "$addToSet": {"factors": factor}}
        await self._sessions.update_one({"_id": object_id(session_id)}, changes)

    async def add_factor(self, session_id: str, factor: str) -> None:
        """Note that this was shown, too."""
        await self._sessions.update_one({"_id": object_id(session_id)}, {"$addToSet": {"factors": factor}})

    async def beyond(self, user_id: str, most: int) -> Sequence[str]:
        """The ids of the oldest sessions of a user, but for the newest so many."""
        found = self._sessions.find({"user_id": object_id(user_id)}, {"_id": 1})
        oldest = found.sort([("created_at", -1), ("_id", -1)]).skip(most)
        return [str(document["_id"]) for document in await oldest.to_list(None)]

    async def delete(self, session_id: str) -> None:
        """End a session, at once and everywhere."""
        await self._sessions.delete_one({"_id": object_id(session_id)})

    async def delete_cookie(self, session_id: str, secret_hash: str) -> None:
        """End the session of a cookie, if the cookie is genuine."""
        await self._sessions.delete_one({"_id": object_id(session_id), "secret_hash": secret_hash})

    async def list(self, user: User, now: datetime, page: PageRequest) -> Page[Session]:
        """The sessions of a user that have neither expired nor ended with a password, newest first."""
        # A session of before there were epochs has none.
        epochs = [user.epoch] if user.epoch else [0, None]
        kept = [] if user.kept_session is None else [{"_id": object_id(user.kept_session)}]
        query = {
            "user_id": object_id(user.id),
            "expires_at": {"$gt": now},
            "$and": [{"$or": [{"epoch": {"$in": epochs}}, *kept]}],
        }
        return await find_page(self._sessions, query, _NEWEST_FIRST, page, lambda found: from_document(Session, found))

    async def find_of(self, user_id: str, session_id: str, now: datetime) -> Session | None:
        """This session of a user, if it has not expired."""
        where = {"_id": object_id(session_id), "user_id": object_id(user_id), "expires_at": {"$gt": now}}
        document = await self._sessions.find_one(where)
        return None if document is None else from_document(Session, document)

    async def device_of(self, session_id: str | None) -> str | None:
        """The id of the device that a session was opened on, if it is known."""
        if session_id is None:
            return None
        document = await self._sessions.find_one({"_id": object_id(session_id)}, {"device_id": 1})
        return None if document is None else document.get("device_id")

    async def end(self, user_id: str, session_id: str, now: datetime) -> bool:
        """End a session of a user; False when there is none. Of many who end one at once, one did it."""
        where = {"_id": object_id(session_id), "user_id": object_id(user_id), "expires_at": {"$gt": now}}
        return (await self._sessions.delete_one(where)).deleted_count == 1

    async def delete_all(self, user_id: str, *, but: str | None = None) -> None:
        """End all sessions of a user, but for one maybe."""
        kept = {} if but is None else {"_id": {"$ne": object_id(but)}}
        await self._sessions.delete_many({"user_id": object_id(user_id), **kept})


class DeviceStore(Store):
    """The devices that users have signed in from."""

    collection = "devices"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=0),
        IndexModel([("user_id", 1), ("seen_at", -1)], name="newest_of_user"),
    )

    def __init__(self, database: Database) -> None:
        self._devices = database[self.collection]

    async def find(self, device_id: str, now: datetime) -> Device | None:
        """None for what is not there or has expired."""
        document = await self._devices.find_one({"_id": device_id, "expires_at": {"$gt": now}})
        return None if document is None else from_document(Device, document)

    async def put(self, device: Device) -> None:
        """Keep a device as it is now."""
        document = {**to_document(device), "schema": 1}
        await self._devices.update_one({"_id": document.pop("_id")}, {"$set": document}, upsert=True)

    async def keep_newest(self, user_id: str, count: int) -> None:
        """Remove all but as many devices of a user, those that have not signed in for the longest time."""
        found = self._devices.find({"user_id": object_id(user_id)}, {"_id": 1})
        oldest = found.sort([("seen_at", -1)]).skip(count)
        if surplus := [device["_id"] for device in await oldest.to_list(None)]:
            await self._devices.delete_many({"_id": {"$in": surplus}})

    async def set_epoch(self, device_id: str, epoch: int) -> None:
        """Have a device count as one of this epoch."""
        await self._devices.update_one({"_id": device_id}, {"$set": {"epoch": epoch}})

    async def delete(self, user_id: str, device_id: str) -> None:
        """Remove a device of a user."""
        await self._devices.delete_one({"_id": device_id, "user_id": object_id(user_id)})

    async def delete_all(self, user_id: str, *, but: str | None = None) -> None:
        """Remove all devices of a user, but for one maybe."""
        kept = {} if but is None else {"_id": {"$ne": but}}
        await self._devices.delete_many({"user_id": object_id(user_id), **kept})
