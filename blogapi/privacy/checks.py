"""What `doctor` looks for of people who were erased: documents that still name them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from blogapi.access.identity import ROLES
from blogapi.operations.doctor import Check, Problem, in_batches
from blogapi.personal import Person, PersonalData
from blogapi.privacy.service import PrivacyService
from blogapi.privacy.store import PersonalStore
from blogapi.users.logins import erased_username
from blogapi.users.model import ERASED_DISPLAY_NAME
from blogapi.users.service import UserService


class PrivacyChecks:
    """Looks through all that features declare. Who is being erased at this time is left out."""

    def __init__(self, store: PersonalStore, service: PrivacyService, users: UserService) -> None:
        self._store, self._service, self._users = store, service, users

    def all(self) -> Iterable[Check]:
        """One for all collections."""
        yield Check("traces of erased people", self.traces)

    async def traces(self) -> AsyncIterator[Problem]:
        """Documents of erased people that should not be there, or that still say who it was."""
        async for batch in in_batches(self._users.erasures.erased()):
            for data, service in self._service.declared():
                async for user_id in self._named(data, batch):
                    yield Problem(f"{data.collection} of {user_id}", partial(self._repair, data, service, user_id))

    async def _named(self, data: PersonalData, user_ids: Sequence[str]) -> AsyncIterator[str]:
        fields = {*data.erase, *data.pseudonym, *data.found_by}
        # A path and one below it cannot be asked for together.
        fields = {path for path in fields if not any(path.startswith(f"{other}.") for other in fields)}
        async for document in self._store.documents(data, user_ids, fields):
            owners = {str(owner) for path in data.found_by for owner in _at(document, path)}
            for user_id in sorted(owners.intersection(user_ids)):
                if data.is_removed or _tells(document, data.erase | data.pseudonym, user_id):
                    yield user_id

    async def _repair(self, data: PersonalData, service: Any, user_id: str) -> bool:
        await self._service.forget(data, service, Person(id=user_id))
        return True


def _tells(document: Any, paths: Collection[str], user_id: str) -> bool:
    """Whether something neutral, or nothing, is missing there."""
    neutral = {user_id, erased_username(user_id), ERASED_DISPLAY_NAME, ROLES[0], "None", "0", "False", ""}
    leaves = [str(leaf) for path in paths for value in _at(document, path) for leaf in _leaves(value, user_id)]
    return not neutral.issuperset(leaves)


def _at(value: Any, path: str) -> Iterator[Any]:
    """What stands at a path, in each element of the arrays on the way."""
    if isinstance(value, list):
        for element in value:
            yield from _at(element, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        name, _, rest = path.partition(".")
        if name in value:
            yield from _at(value[name], rest)


def _leaves(value: Any, user_id: str) -> Iterator[Any]:
    """What stands below, without what is about others: the bylines of co-authors stand beside this one."""
    if isinstance(value, list):
        for element in value:
            yield from _leaves(element, user_id)
    elif isinstance(value, dict):
        if str(value.get("id", user_id)) == user_id:
            for inner in value.values():
                yield from _leaves(inner, user_id)
    else:
        yield value
