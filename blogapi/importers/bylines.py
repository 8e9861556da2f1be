"""Whose bylines imported posts carry: names become people, the same ones in every run."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import count

from blogapi.access.administrator import as_operator
from blogapi.importers.model import username_for
from blogapi.users.model import User
from blogapi.users.service import UserService, acting_as

_LONGEST_USERNAME = 32


class Bylines:
    """Finds or makes the byline of a name.

    The name is the identity, whatever its capitals: two names that come to one username become two bylines. An account
    of a person gets posts only where that gives nothing away: it is `owner`, the one that the operator named, or it may
    edit everything anyway. Else whoever registers under the name of a known author would be handed their posts.
    """

    def __init__(self, users: UserService, owner: User | None) -> None:
        self._users, self._owner = users, owner
        self._known: dict[str, User] = {}
        self.notes: list[str] = []

    async def find(self, name: str) -> User:
        """The person of this name. Says in `notes` when an account is passed over."""
        key = _key(name)
        if key not in self._known:
            self._known[key] = await self._find(name)
        return self._known[key]

    async def _find(self, name: str) -> User:
        if self._owner is not None and _is_called(self._owner, name):
            return self._owner
        passed_over = []
        for username in _numbered(username_for(name)):
            user = await self._users.making.unclaimed(as_operator(), username, name)
            if _is_called(user, name) and (user.status == "unclaimed" or acting_as(user).is_editor):
                break
            passed_over += [user.username] if user.status != "unclaimed" else []
        if passed_over:
            accounts = " and ".join(map(repr, passed_over))
            self.notes.append(f"somebody else has the account {accounts}, so {name!r} is the byline {user.username!r}")
        return user


def _is_called(user: User, name: str) -> bool:
    return _key(name) in (_key(user.display_name), _key(user.username))


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _numbered(username: str) -> Iterator[str]:
    yield username
    for number in count(2):
        suffix = f"-{number}"
        yield username[: _LONGEST_USERNAME - len(suffix)] + suffix
