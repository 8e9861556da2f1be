"""What `doctor` looks for around passkeys: users of whom it is noted wrongly whether they have any."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from functools import partial

from blogapi.operations.doctor import Check, Problem, in_batches
from blogapi.passkeys.service import PasskeyService
from blogapi.passkeys.store import PasskeyStore
from blogapi.users.mfa import PASSKEY
from blogapi.users.service import UserService


class PasskeyChecks:
    """Compares the second factors that users have with the collection of passkeys."""

    def __init__(self, store: PasskeyStore, service: PasskeyService, users: UserService) -> None:
        self._store, self._service, self._users = store, service, users

    def all(self) -> Iterable[Check]:
        """The one that there is."""
        yield Check("passkeys noted as second factors", self.misnoted)

    async def misnoted(self) -> AsyncIterator[Problem]:
        """One that is not noted does not count where a second factor is required; one that is noted and gone does."""
        async for batch in in_batches(self._store.owners()):
            newest, users = await self._store.newest_epochs(batch), await self._users.find_all(batch)
            for user in users.values():
                has_any = newest.get(user.id, -1) >= user.passkeys_since
                if user.status != "erased" and has_any != (PASSKEY in user.mfa.methods):
                    said = "has a passkey that is not noted" if has_any else "has no passkey that is good any more"
                    yield self._problem(user.id, said)
        async for batch in in_batches(self._users.with_method(PASSKEY)):
            for user_id in sorted(set(batch) - (await self._store.newest_epochs(batch)).keys()):
                yield self._problem(user_id, "has no passkey, but one is noted")

    def _problem(self, user_id: str, said: str) -> Problem:
        return Problem(f"{user_id} {said}", partial(self._repair, user_id), about=user_id)

    async def _repair(self, user_id: str) -> bool:
        await self._service.note(user_id)
        return True
