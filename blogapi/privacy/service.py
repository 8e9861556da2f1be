"""Removes what is left of people who were erased, as the doors of features declare it, and exports their data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from blogapi.mail.model import Letter, Mail
from blogapi.personal import Person, PersonalData
from blogapi.privacy.exports import Exports
from blogapi.privacy.letters import PrivacyLetters
from blogapi.privacy.store import PersonalStore
from blogapi.users.erasures import person
from blogapi.users.model import User
from blogapi.users.service import UserService


class PrivacyService:
    """The work that follows an erasure.

    `declared` are all declarations, each with the service of its feature. Any process works on it, one person at a
    time; each step looks for what is left to do. So where one dies, another goes on.
    """

    def __init__(
        self,
        store: PersonalStore,
        users: UserService,
        letters: PrivacyLetters,
        exports: Exports,
        declared: Callable[[], Sequence[tuple[PersonalData, Any]]],
    ) -> None:
        self._store, self._users, self.declared = store, users, declared
        self._letters, self.exports = letters, exports
        self.waiting = users.erasures.waiting

    async def letter(self, mail: Mail) -> Letter | None:
        """What a mail about leaving says when it is sent."""
        return await self._letters.write(mail)

    async def erase(self) -> int:
        """Erase whose time has come, and remove what is left of them; returns of how many nothing is left any more."""
        erasures, finished = self._users.erasures, 0
        await erasures.begin_due()
        while (user := await erasures.claim()) is not None:
            finished += await self._do_round(user)
        return finished

    async def _do_round(self, user: User) -> bool:
        who, current = person(user), user
        for data, service in self.declared():
            if current.erasing is None or data.collection in current.erasing.done:
                continue
            await self.forget(data, service, who)
            noted = await self._users.erasures.collection_done(current, data.collection)
            if noted is None:
                return False
            current = noted
        return await self._users.erasures.round_done(current)

    async def forget(self, data: PersonalData, service: Any, who: Person) -> None:
        """Remove, in one collection, what does not outlive a person."""
        if data.forget is not None:
            await data.forget(service, who)
        elif data.is_removed:
            await self._store.remove(data, who)
