"""The user of a credential, read together with it in one query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from blogapi.access.identity import Byline
from blogapi.db.documents import from_document
from blogapi.users.model import COLLECTION

_OF_USER = ("_id", "role", "status", "username", "display_name", "avatar_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentUser:
    """The current role, status and byline of a user."""

    role: str
    status: str
    byline: Byline

    @property
    def may_act(self) -> bool:
        """Whether credentials of this user are accepted."""
        return self.status == "active"


def with_user(where: Mapping[str, Any], fields: Iterable[str]) -> list[dict[str, Any]]:
    """The stages that find one credential, with these of its fields and its user."""
    lookup = {"from": COLLECTION, "localField": "user_id", "foreignField": "_id", "as": "user"}
    wanted = dict.fromkeys([*fields, *(f"user.{name}" for name in _OF_USER)], 1)
    return [{"$match": where}, {"$limit": 1}, {"$lookup": lookup}, {"$project": wanted}]


def user_in(document: Mapping[str, Any]) -> CurrentUser | None:
    """The user in a document that these stages found. None when the user no longer exists."""
    if not document["user"]:
        return None
    user = document["user"][0]
    return CurrentUser(role=user["role"], status=user["status"], byline=from_document(Byline, user))
