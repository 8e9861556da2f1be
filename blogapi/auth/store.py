"""Where sessions are kept."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import ClassVar

from pymongo import IndexModel, ReturnDocument

from blogapi.access.identity import Byline
from blogapi.auth.model import Session, SessionWithUser
from blogapi.db.client import Database, object_id
from blogapi.db.documents import from_document, to_document
from blogapi.db.indexes import Store
from blogapi.users.model import COLLECTION as USERS

KEPT_ROTATIONS = 10
_OF_USER = ("_id", "role", "status", "username", "display_name", "avatar_url")
_PROJECTION = {
    **{field.name: 1 for field in fields(Session) if field.name != "id"},
    **{f"user.{name}": 1 for name in _OF_USER},
}


class SessionStore(Store):
    """Sessions. What has expired is not there, even before the database has swept it up."""

    collection = "sessions"
    indexes: ClassVar[tuple[IndexModel, ...]] = (
        IndexModel([("expires_at", 1)], name="expiry", expireAfterSeconds=0),
        IndexModel([("user_id", 1), ("created_at", -1)], name="by_user"),
    )

    def __init__(self, database: Database) -> None:
        self._sessions = database[self.collection]

    async def insert(self, session: Session) -> None:
        """Keep a new session."""
        await self._sessions.insert_one({**to_document(session), "schema": 1})

    async def find(self, session_id: str, now: datetime) -> SessionWithUser | None:
        """A session with the role, status and byline of its user, in one query."""
        found = await self._sessions.aggregate(
            [
                {"$match": {"_id": object_id(session_id), "expires_at": {"$gt": now}}},
                {"$limit": 1},
                {
                    "$lookup": {
                        "from": USERS,
                        "localField": "user_id",
                        "foreignField": "_id",
                        "as": "user",
                    }
                },
                {"$project": _PROJECTION},
            ]
        ).to_list(1)
        if not found or not found[0]["user"]:
            return None
        user = found[0]["user"][0]
        return SessionWithUser(
            session=from_document(Session, found[0]),
            role=user["role"],
            status=user["status"],
            byline=from_document(Byline, user),
        )

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

    async def delete(self, session_id: str) -> None:
        """End a session, at once and everywhere."""
        await self._sessions.delete_one({"_id": object_id(session_id)})

    async def delete_cookie(self, session_id: str, secret_hash: str) -> None:
        """End the session of a cookie, if the cookie is genuine."""
        await self._sessions.delete_one({"_id": object_id(session_id), "secret_hash": secret_hash})

    async def delete_all(self, user_id: str) -> None:
        """End all sessions of a user."""
        await self._sessions.delete_many({"user_id": object_id(user_id)})
