"""The keys that sign access tokens. They are kept in memory, and read again every minute and for an unknown key.

Which key signs and which keys are published follows from the documents and the time, so processes have nothing to agree
upon.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from blogapi.access.identity import OPERATOR
from blogapi.audit.service import AuditService
from blogapi.clock import rfc3339
from blogapi.errors import Conflict
from blogapi.sealing import Sealer
from blogapi.signing.model import PUBLISHED_AHEAD, Ring, RingKey, StoredKey, spent, thumbprint
from blogapi.signing.store import SigningKeyStore
from blogapi.translation.sentence import say

# For unknown names the database is read at most so often, since anybody can invent names.
_LOOK_AGAIN_SECONDS = 1.0
log = logging.getLogger("blogapi.signing")


class KeyRing:
    """The keys of this blog, as one process knows them."""

    def __init__(
        self, keys: SigningKeyStore, sealing_key: bytes, audit: AuditService, now: Callable[[], datetime]
    ) -> None:
        self._keys, self._sealer, self._audit, self._now = keys, Sealer(sealing_key), audit, now
        self._ring, self._unreadable = Ring(), set[str]()
        self._reading, self._read_at = asyncio.Lock(), float("-inf")

    async def signer(self) -> RingKey:
        """The key that signs now. It is created when there is none."""
        key = (await self._known()).signer(self._now())
        assert key is not None  # reading makes one where there is none
        return key

    async def find(self, kid: str) -> RingKey | None:
        """The key with this name. For an unknown name the database is read again, at most once a second.

        Calls in between wait for the next read.
        """
        return self._ring.find(kid) or (await self._look_again()).find(kid)

    async def published(self) -> Sequence[RingKey]:
        """All keys, also those that do not sign yet, newest first."""
        return (await self._known()).keys

    async def rotate(self, ahead: timedelta = PUBLISHED_AHEAD) -> RingKey:
        """Add a key that is published at once and signs later. Tokens of older keys stay valid.

        Raises Conflict when another new key will sign by then. Of many rotations at once, one succeeds.
        """
        signs_from = self._now() + ahead
        # One read decides both whether a new key is there and which number comes next. A key that is added after this
        # read takes that number, so the insert below fails.
        stored = await self._read()
        for waiting in stored:
            if self._now() < waiting.signs_from <= signs_from:
                says = say("There is a new key already, which signs from {time}.", time=rfc3339(waiting.signs_from))
                raise Conflict(says)
        generation = 1 + max(key.id for key in stored)
        made = self._made(generation, signs_from)
        # There is no way to this but the command line.
        await self._audit.record("signing_key.rotated", actor=OPERATOR, target=made.kid)
        if not await self._keys.insert(made):
            raise Conflict(say("Somebody else has rotated the keys at this very moment."))
        await self._read()
        return next(key for key in self._ring.keys if key.generation == generation)

    async def refresh_key_ring(self) -> int:
        """Read the ring again, and remove keys whose tokens have all ended; returns how many."""
        over = spent(await self._read(), self._now())
        return await self._keys.delete(over) if over else 0

    async def _look_again(self) -> Ring:
        asked = time.monotonic()
        async with self._reading:
            if self._read_at < asked:  # else somebody has read since: all who wait share one read
                await asyncio.sleep(self._read_at + _LOOK_AGAIN_SECONDS - time.monotonic())
                await self._read_now()
            return self._ring

    async def _known(self) -> Ring:
        if not self._ring.keys:
            async with self._reading:
                if not self._ring.keys:  # else somebody has read it while this waited
                    await self._read_now()
        return self._ring

    async def _read(self) -> Sequence[StoredKey]:
        async with self._reading:
            return await self._read_now()

    async def _read_now(self) -> Sequence[StoredKey]:
        # Set before the read, so that a failing database is not read more often either.
        self._read_at = time.monotonic()
        stored = await self._keys.list()
        while not (keys := self._opened(stored)):
            generation = 1 + max((key.id for key in stored), default=0)
            await self._keys.insert(self._made(generation, self._now()))
            stored = await self._keys.list()  # ours, or that of who was faster
        self._ring = Ring(keys)
        return stored

    def _made(self, generation: int, signs_from: datetime) -> StoredKey:
        private = Ed25519PrivateKey.generate()
        kid = thumbprint(private.public_key())
        sealed = self._sealer.seal(private.private_bytes_raw(), _about(generation, kid))
        return StoredKey(id=generation, kid=kid, sealed=sealed, created_at=self._now(), signs_from=signs_from)

    def _opened(self, stored: Sequence[StoredKey]) -> tuple[RingKey, ...]:
        """The keys that can be decrypted with `auth.secret`. Others neither sign nor verify."""
        found = []
        for key in stored:
            raw = self._sealer.open(key.sealed, _about(key.id, key.kid))
            if raw is not None:
                found.append(_ring_key(key, Ed25519PrivateKey.from_private_bytes(raw)))
            elif key.kid not in self._unreadable:
                self._unreadable.add(key.kid)
                log.warning("signing key %s was made with another auth.secret and is not used", key.kid)
        return tuple(found)


def _ring_key(key: StoredKey, private: Ed25519PrivateKey) -> RingKey:
    return RingKey(
        generation=key.id,
        kid=key.kid,
        private=private,
        public=private.public_key(),
        created_at=key.created_at,
        signs_from=key.signs_from,
    )


def _about(generation: int, kid: str) -> str:
    return f"signing key {generation} {kid}"
