"""The user of a credential, read together with it in one query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from blogapi.access.identity import Byline
from blogapi.db.documents import from_document
from blogapi.ids import Id
from blogapi.users.model import COLLECTION

_OF_USER = (
    *("_id", "role", "status", "erasure_at", "epoch", "kept_session", "keys_since", "mfa.methods"),
    *("username", "display_name", "avatar_url"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentUser:
    """The current role, status, byline and second factors of a user, and which credentials their password has left.

    See `User`.
    """

    role: str
    status: str
    is_leaving: bool
    """Whether they have asked to be erased."""

    epoch: int
    kept_session: Id | None
    keys_since: int
    mfa_methods: tuple[str, ...]
    byline: Byline

    @property
    def may_act(self) -> bool:
        """Whether credentials of this user are accepted. Who has to confirm an address first gets none."""
        return self.status in ("active", "unverified") and not self.is_leaving


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
    kept = user.get("kept_session")
    return CurrentUser(
        role=user["role"],
        status=user["status"],
        is_leaving=user.get("erasure_at") is not None,
        epoch=user.get("epoch", 0),
        kept_session=None if kept is None else str(kept),
        keys_since=user.get("keys_since", 0),
        mfa_methods=tuple(user.get("mfa", {}).get("methods", ())),
        byline=from_document(Byline, user),
    )
