"""How often somebody may try passwords and codes, without anybody being able to lock the owner of an account out.

Attempts are counted before the password is looked at, and the right one is not counted: so many at once get no more
tries than one after the other. A device that has signed in before has a count of its own, which nobody else can use up.
Everybody else shares two: by login and address, and by login alone. They go by the login and not by the account: an
account has two, and locking both at once would tell that a name and an e-mail address belong together. A login that
nobody has is locked like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from blogapi.access.identity import Viewer
from blogapi.audit.service import AuditService
from blogapi.auth.devices import Devices
from blogapi.auth.failures import FailedSignIns
from blogapi.auth.model import Caller, SessionRequest
from blogapi.limits.limiter import LimitReached, RateLimiter
from blogapi.translation.sentence import say
from blogapi.users.logins import login_key
from blogapi.users.model import User
from blogapi.users.service import UserService
from blogapi.web.networks import limit_key


class Locked(LimitReached):
    """Too many wrong passwords for a login, whether anybody has it or not, or codes for an account."""

    code = "locked"

    def __init__(self, full: LimitReached) -> None:
        super().__init__(full.standing, retry_after_seconds=full.retry_after_seconds or 1)
        self.detail = say(
            "Too many wrong tries. Wait, or use a device that has signed in before, or set a new password by mail."
        )


@dataclass(frozen=True, slots=True)
class Guess:
    """An attempt that has been counted: for whom, if there is such an account, and where it was counted."""

    user: User | None
    counted: Sequence[tuple[str, str]]


class Guesses:
    """Counts attempts to sign in, or to show once more who one is."""

    def __init__(
        self,
        users: UserService,
        devices: Devices,
        limiter: RateLimiter,
        failures: FailedSignIns,
        audit: AuditService,
    ) -> None:
        self._users, self._devices, self._limiter = users, devices, limiter
        self._failures, self._audit = failures, audit

    async def admit(self, login: str, wanted: SessionRequest) -> Guess:
        """Count an attempt at a password.

        Raises RateLimited for an address that tries too much, Locked for a login, Unavailable.
        """
        if wanted.device_token is None:
            await self._limiter.hit("sign_in_address", limit_key(wanted.caller.address))
        return await self._admit(await self._users.find_by_login(login), login_key(login), "device", wanted)

    async def admit_code(self, user: User, wanted: SessionRequest) -> Guess:
        """Count an attempt at a second factor, which only follows a right password. Raises Locked, Unavailable."""
        return await self._admit(user, f"code of {user.id}", "code of device", wanted)

    async def admit_again(self, user_id: str, what: str, caller: Caller) -> None:
        """Count that somebody who is signed in shows `what` once more. Raises RateLimited, Unavailable."""
        await self._limiter.hit("sign_in", f"{user_id}|{limit_key(caller.address)}")
        # Whoever has got hold of a session may come from many addresses.
        await self._limiter.hit("sign_in_account", f"{what} of {user_id}")

    async def admit_passkey(self, caller: Caller) -> None:
        """Count an attempt without a login. Raises RateLimited, Unavailable."""
        await self._limiter.hit("sign_in_address", limit_key(caller.address))

    async def admit_options(self, caller: Caller) -> None:
        """Count that somebody asks what a passkey is to sign. Raises RateLimited, Unavailable."""
        # Counted apart: a page asks as soon as it is opened, and that must use up nobody's sign-ins.
        await self._limiter.hit("sign_in_address", f"passkey options|{limit_key(caller.address)}")

    async def _admit(self, user: User | None, login: str, device_kind: str, wanted: SessionRequest) -> Guess:
        device = await self._devices.find(user, wanted.device_token)
        unlocks = 0 if user is None else user.unlocks
        if device is not None:
            return await self._counted(user, [("sign_in", f"{device_kind} {device}|{unlocks}")])
        address = limit_key(wanted.caller.address)
        if wanted.device_token is not None:
            await self._limiter.hit("sign_in_address", address)
        name = f"{login}|{unlocks}"
        return await self._counted(user, [("sign_in", f"{name}|{address}"), ("sign_in_account", name)])

    async def give_back(self, guess: Guess) -> None:
        """Do not count an attempt: the password or the code was right, or nobody has looked at it."""
        for bucket, key in guess.counted:
            await self._limiter.give_back(bucket, key)

    async def missed(self, login: str, target: str | None, actor: Viewer = None) -> None:
        """Note in the audit log that an attempt was wrong; `target` is the id of the account, if there is one."""
        await self._failures.note(login, target, actor)

    async def _counted(self, user: User | None, counts: Sequence[tuple[str, str]]) -> Guess:
        for bucket, key in counts:
            try:
                await self._limiter.hit(bucket, key)
            except LimitReached as full:
                if full.is_first:
                    target, seconds = None if user is None else user.id, full.retry_after_seconds
                    await self._audit.record(
                        "security.lockout", actor=None, target=target, limit=bucket, seconds=seconds
                    )
                raise Locked(full) from None
        return Guess(user, counts)
