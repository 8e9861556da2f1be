"""Making an account for oneself, with an invitation or without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blogapi.auth.model import Caller, Registering
from blogapi.errors import FieldError
from blogapi.idempotency.attempt import Attempt
from blogapi.invitations.service import InvitationService
from blogapi.limits.limiter import RateLimiter
from blogapi.users.model import User
from blogapi.users.service import UserService
from blogapi.web.networks import limit_key


class SignUp:
    """Who may make an account is said in the configuration (`registration`)."""

    def __init__(self, users: UserService, invitations: InvitationService, limiter: RateLimiter) -> None:
        self._users, self._invitations, self._limiter = users, invitations, limiter

    async def check(self) -> None:
        """Raises Forbidden where nobody can make an account for themselves, not even with an invitation."""
        await self._users.registration.check(is_invited=True)

    def faults(self, fields: Mapping[str, Any]) -> list[FieldError]:
        """What is wrong with these fields of a new account, beyond their form."""
        return self._users.making.faults(fields)

    async def register(self, wish: Registering, attempt: Attempt, caller: Caller) -> User:
        """Make an account for oneself. Raises RateLimited, Forbidden, CodeInvalid, Invalid, Conflict, Unavailable."""
        await self._limiter.hit("register", limit_key(caller.address))
        registration, new = self._users.registration, wish.new
        if wish.invitation is None:
            return await registration.register(new, attempt, language=caller.language)
        invitation = await self._invitations.read(wish.invitation, new.email)
        return await registration.accept(new, attempt, invitation_id=invitation.id, role=invitation.role)
