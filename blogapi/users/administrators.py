"""Who can manage people: one such person has to remain."""

from __future__ import annotations

from blogapi.errors import Conflict
from blogapi.translation.sentence import say
from blogapi.users.model import User
from blogapi.users.roster import AdminRoster
from blogapi.users.store import UserStore


class Administrators:
    """The active administrators: what their accounts say, and the roster by which the last one is known."""

    def __init__(self, roster: AdminRoster, users: UserStore) -> None:
        self._roster, self._users = roster, users

    async def join(self, user: User) -> None:
        """Somebody can manage people from now on, or still."""
        await self._roster.add(user.id)

    async def leave(self, user: User) -> None:
        """Somebody is about to be no administrator any more. Raises Conflict for the last one."""
        if await self._roster.leave(user.id):
            return
        if user.id in await self._roster.members():
            raise Conflict(say("The last administrator cannot be demoted, suspended or deleted."))
        raise Conflict(say("Somebody else is changing this administrator now. Read again, then retry."))

    async def acting(self) -> frozenset[str]:
        """The ids of those who can manage people now, as their accounts say."""
        return await self._users.acting_admins()

    async def misplaced(self) -> dict[str, bool]:
        """Where the roster is wrong, by id: True is missing on it, False is no administrator. For `doctor`."""
        listed, acting = await self._roster.members(), await self._users.acting_admins()
        return {user_id: user_id in acting for user_id in sorted(listed ^ acting)}

    async def reconcile(self) -> int:
        """Make the roster name those who are administrators; returns how many entries were wrong. For `doctor`."""
        listed, acting = await self._roster.members(), await self._users.acting_admins()
        for user_id in acting - listed:
            await self._roster.add(user_id)
        if listed - acting:
            await self._roster.remove(listed - acting)
        return len(listed ^ acting)
