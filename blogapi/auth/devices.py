"""The devices from which somebody has signed in before.

A device is known by a random token that it keeps: browsers in a cookie, token clients as they like. It signs nobody in.
It only tells the owner of an account from a stranger who tries passwords, and a sign-in as usual from one that the
owner should hear of.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from blogapi.auth.model import Device
from blogapi.auth.store import DeviceStore
from blogapi.users.model import User

# Without signing in. Browsers keep no cookie much longer.
LIFETIME = timedelta(days=365)
MOST = 20
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_NOBODY = "0" * 24


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device that has signed in, with the token by which it will be known."""

    id: str
    token: str

    def __repr__(self) -> str:
        return f"KnownDevice({self.id})"


class Devices:
    """Known devices: of each user the last `MOST`, until their password changes or they sign out everywhere."""

    def __init__(self, devices: DeviceStore, now: Callable[[], datetime]) -> None:
        self._devices, self._now = devices, now

    async def find(self, user: User | None, token: str | None) -> str | None:
        """The id of the device with this token, if it has signed in as this user with the present password.

        Without a user, it takes the same time.
        """
        if token is None or not _TOKEN.fullmatch(token):
            return None
        user_id, epoch = (_NOBODY, 0) if user is None else (user.id, user.epoch)
        device = await self._devices.find(_id(user_id, token), self._now())
        return device.id if device is not None and device.epoch == epoch else None

    async def remember(self, user: User, token: str | None) -> KnownDevice:
        """Know a device from now on. It keeps the token that it has, so that several people can share it."""
        if token is None or not _TOKEN.fullmatch(token):
            token = secrets.token_urlsafe(32)
        now = self._now()
        device = Device(
            id=_id(user.id, token), user_id=user.id, epoch=user.epoch, seen_at=now, expires_at=now + LIFETIME
        )
        await self._devices.put(device)
        await self._devices.keep_newest(user.id, MOST)
        return KnownDevice(device.id, token)

    async def keep(self, device_id: str, epoch: int) -> None:
        """Know a device on, whose user has just changed the password with it."""
        await self._devices.set_epoch(device_id, epoch)

    async def forget(self, user_id: str, device_id: str) -> None:
        """Know a device of a user no more."""
        await self._devices.delete(user_id, device_id)

    async def forget_all(self, user_id: str, *, but: str | None = None) -> None:
        """Know no device of a user any more, but for one maybe."""
        await self._devices.delete_all(user_id, but=but)


def _id(user_id: str, token: str) -> str:
    """Under which a device of a user is kept: whoever reads the database cannot make the token of it."""
    return hashlib.sha256(f"{user_id}|{token}".encode()).hexdigest()
