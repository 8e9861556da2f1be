"""Creating and deleting API keys, and finding out whose a key is."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from blogapi.access.identity import Identity
from blogapi.api_keys.model import ApiKey, NewApiKey, ShownApiKey, hash_of, new_secret, parts_of, value_of
from blogapi.api_keys.store import ApiKeyStore
from blogapi.audit.service import AuditService
from blogapi.clock import require_future
from blogapi.db.client import new_id
from blogapi.errors import Conflict, NotFound, Unauthorized
from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.paging.page import Page, PageRequest
from blogapi.second_factors.service import SecondFactors
from blogapi.translation.sentence import say, say_many
from blogapi.users.model import PasswordReset, StatusChanged

# A key is not written on each request.
_USED_EVERY = timedelta(hours=1)


class ApiKeyService:
    """The API keys of users."""

    def __init__(
        self,
        keys: ApiKeyStore,
        second_factors: SecondFactors,
        audit: AuditService,
        most: int,
        now: Callable[[], datetime],
    ) -> None:
        self._keys, self._second_factors, self._audit, self._now = keys, second_factors, audit, now
        self._most = most

    async def create(self, who: Identity, new: NewApiKey, attempt: Attempt = ONCE) -> ShownApiKey:
        """Create a key, with its value, which is not stored.

        The retry of an interrupted attempt gets the same key with another secret. Raises ReauthenticationRequired,
        Invalid, and Conflict `too_many_api_keys`.
        """
        now = self._now()
        who.require_fresh(now)
        if new.expires_at is not None:
            require_future(new.expires_at, now)
        if await self._keys.count(who.user_id, now, but=attempt.resource_id) >= self._most:
            raise self._too_many()
        secret = new_secret()
        key = ApiKey(
            id=attempt.resource_id or new_id(),
            user_id=who.user_id,
            name=new.name,
            scopes=new.scopes,
            secret_hash=hash_of(secret),
            epoch=who.epoch,
            created_at=now,
            expires_at=new.expires_at,
        )
        scopes = list(key.scopes)
        await self._audit.record(
            "api_key.created", actor=who, target=who.user_id, once=key.id, key_id=key.id, scopes=scopes
        )
        kept = await self._keys.put(key)
        # Others may have come in beside it. All of them step back rather than one too many stays.
        if await self._keys.count(who.user_id, now) > self._most:
            await self.revoke(who, kept.id)
            raise self._too_many()
        return ShownApiKey(key=kept, value=value_of(key.id, secret))

    def _too_many(self) -> Conflict:
        says = say_many(
            "You can have {count:,} API key. Delete it first.",
            "You can have {count:,} API keys. Delete one first.",
            self._most,
        )
        return Conflict(says, code="too_many_api_keys")

    async def list(self, who: Identity, page: PageRequest) -> Page[ApiKey]:
        """One's own keys, newest first."""
        return await self._keys.list(who.user_id, page)

    async def revoke(self, who: Identity, key_id: str) -> None:
        """Delete one of one's own keys, at once and on every process. Raises NotFound."""
        if not await self._keys.exists(who.user_id, key_id):
            raise NotFound(say("There is no API key {key_id!r}.", key_id=key_id))
        await self._audit.record("api_key.revoked", actor=who, target=who.user_id, once=key_id, key_id=key_id)
        await self._keys.delete(who.user_id, key_id)

    async def revoke_all(self, user_id: str) -> None:
        """Delete all keys of a user."""
        await self._keys.delete_all(user_id)

    async def status_changed(self, event: StatusChanged) -> None:
        """No key outlives a suspension, even when that is lifted later."""
        if event.status == "suspended":
            await self.revoke_all(event.user_id)

    async def password_reset(self, event: PasswordReset) -> None:
        """Remove what is good for nothing since the password was set by mail."""
        await self.revoke_all(event.user_id)

    async def identify(self, value: str) -> Identity:
        """Whose key this is. Every failure says the same. Raises Unauthorized."""
        parts = parts_of(value)
        live = None if parts is None else await self._keys.find(parts[0], self._now())
        if parts is None or live is None or not hmac.compare_digest(live.key.secret_hash, hash_of(parts[1])):
            raise Unauthorized(say("The API key is not valid, or no longer valid."))
        key, user, now = live.key, live.user, self._now()
        if not user.may_act or key.epoch < user.keys_since:
            raise Unauthorized(say("The API key is not valid, or no longer valid."))
        if key.last_used_at is None or now - key.last_used_at >= _USED_EVERY:
            await self._keys.touch(key, now)
        return Identity(
            user_id=key.user_id,
            role=user.role,
            key_id=key.id,
            scopes=frozenset(key.scopes),
            lacks_second_factor=self._second_factors.is_lacking(user.role, user.mfa_methods, shown=None),
            byline=user.byline,
        )
