"""Signing in: whoever has shown who they are, with a second factor if they have one, gets a session here."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from blogapi.audit.model import Actor
from blogapi.audit.service import AuditService
from blogapi.auth.devices import Devices
from blogapi.auth.failures import FailedSignIns
from blogapi.auth.guesses import Guesses
from blogapi.auth.model import COOKIE, PASSWORD, Caller, Lifetime, Session, SessionRequest, SignedIn
from blogapi.auth.store import SessionStore
from blogapi.auth.tokens import Tokens
from blogapi.db.client import new_id
from blogapi.errors import CodeInvalid, InvalidCredentials, MfaRequired, Overloaded
from blogapi.limits.limiter import LimitReached, RateLimiter
from blogapi.mail.model import Mail
from blogapi.passkeys.model import Assertion, Options, Passkey, PasskeyRefused
from blogapi.passkeys.service import PasskeyService
from blogapi.proofs.model import Proof
from blogapi.proofs.service import Proofs
from blogapi.second_factors.model import Answer
from blogapi.second_factors.service import SecondFactors
from blogapi.text.user_agent import device_name
from blogapi.users.logins import login_key
from blogapi.users.mails import NEW_DEVICE
from blogapi.users.mfa import PASSKEY
from blogapi.users.model import User
from blogapi.users.service import UserService
from blogapi.web.networks import limit_key, network_of

_MAX_DEVICE = 200
# A flow: what a proof is for that the first factor was shown, how long it lives, and how many codes can be tried.
_FLOW, _FLOW_TIME, _MOST_TRIES = "mfa", timedelta(minutes=10), 5
_AT_FLOW = "/flow"
# In the place of the login, for which nobody was asked. No username and no address has parentheses.
_BY_PASSKEY = "(passkey)"
_COOKIE = re.compile(r"([0-9a-f]{24})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class CookieParts:
    """What the value of a session cookie says; nothing is checked yet."""

    session_id: str
    secret_hash: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A sign-in that waits for a second factor: its proof carries the session that was asked for."""

    proof: Proof

    @property
    def kind(self) -> str:
        """The kind of the session."""
        return self.proof.carries["kind"]

    @property
    def factors(self) -> tuple[str, ...]:
        """What was shown already."""
        return tuple(self.proof.carries["factors"].split(","))


class SignIn:
    """The ways to a new session."""

    def __init__(
        self,
        sessions: SessionStore,
        users: UserService,
        second_factors: SecondFactors,
        passkeys: PasskeyService,
        proofs: Proofs,
        tokens: Tokens,
        limiter: RateLimiter,
        audit: AuditService,
        failures: FailedSignIns,
        devices: Devices,
        lifetime: Lifetime,
        now: Callable[[], datetime],
    ) -> None:
        self._sessions, self._users, self._tokens = sessions, users, tokens
        self._second_factors, self._passkeys, self._proofs = second_factors, passkeys, proofs
        self._limiter, self._audit, self._failures = limiter, audit, failures
        self._devices, self._guesses = devices, Guesses(users, devices, limiter, audit)
        self._lifetime, self._now = lifetime, now

    async def with_password(self, login: str, password: str, wanted: SessionRequest) -> SignedIn:
        """A new session for who knows the password.

        Every failure says the same and takes one hash. Raises InvalidCredentials, MfaRequired, RateLimited,
        Unavailable.
        """
        guess = await self._guesses.admit(login, wanted)
        try:
            user = await self._users.prove(guess.user, password)
        except InvalidCredentials:
            await self._failures.note(login_key(login), None if guess.user is None else guess.user.id)
            raise
        except Overloaded:
            await self._guesses.give_back(guess)
            raise
        await self._guesses.give_back(guess)
        return await self.open(user, (PASSWORD,), wanted)

    async def passkey_options(self, user_id: str | None, caller: Caller) -> Options:
        """What a browser is to be asked, by who is signed in or by anybody. Raises RateLimited, Unavailable."""
        # Counted apart: a page asks as soon as it is opened, and that must use up nobody's sign-ins.
        await self._limiter.hit("sign_in_address", f"passkey options|{limit_key(caller.address)}")
        return await self._passkeys.request_options(user_id)

    async def with_passkey(self, assertion: Assertion, wanted: SessionRequest) -> SignedIn:
        """A new session for whose passkey signed this, without a name, a password or a second factor.

        Every failure says the same. Raises PasskeyRefused, RateLimited, Unavailable.
        """
        await self._limiter.hit("sign_in_address", limit_key(wanted.caller.address))
        try:
            return await self._open_with(await self._passkeys.prove(assertion), wanted)
        except InvalidCredentials:
            await self._failures.note(_BY_PASSKEY, None)
            raise PasskeyRefused from None

    async def _open_with(self, passkey: Passkey, wanted: SessionRequest) -> SignedIn:
        user = await self._users.find(passkey.user_id)
        if user is None:
            raise InvalidCredentials
        if PASSKEY not in user.mfa.methods:
            # The process that registered it was killed before it could note that.
            await self._passkeys.note(user.id)
        return await self.open(user, (PASSKEY,), wanted)

    async def flow(self, token: str) -> Flow:
        """The sign-in that waits for a second factor. Raises CodeInvalid."""
        return Flow(await self._proofs.read(token, _FLOW, pointer=_AT_FLOW))

    async def with_second_factor(self, flow: Flow, answer: Answer | Assertion, wanted: SessionRequest) -> SignedIn:
        """A new session for who shows a second factor. A flow is good for one session and a few tries.

        The flow is spent before the code: whoever is cut off between the two has to sign in again, and has lost no
        recovery code. Raises CodeInvalid, InvalidCredentials, RateLimited, Unavailable.
        """
        user = await self._users.find(flow.proof.subject)
        if user is None or not self._proofs.is_bound(flow.proof, _FLOW, user.epoch, flow.kind):
            raise CodeInvalid(_AT_FLOW)
        guess = await self._guesses.admit_code(user, wanted)
        await self._proofs.count_try(flow.proof, _MOST_TRIES, pointer=_AT_FLOW)
        user = await self._shown(flow, user, answer)
        await self._guesses.give_back(guess)
        kind = PASSKEY if isinstance(answer, Assertion) else answer.kind
        return await self.open(user, (*flow.factors, kind), wanted)

    async def _shown(self, flow: Flow, user: User, answer: Answer | Assertion) -> User:
        if isinstance(answer, Assertion):
            await self._passkeys.confirm(user.id, answer)
            await self._proofs.spend(flow.proof, pointer=_AT_FLOW)
            return user
        try:
            self._second_factors.check(user, answer)
        except CodeInvalid:
            await self._failures.note(user.id, user.id)
            raise
        await self._proofs.spend(flow.proof, pointer=_AT_FLOW)
        return await self._second_factors.accept(user.id, answer)

    async def limit_codes(self, user_id: str, caller: Caller) -> None:
        """Count that somebody who is signed in tries a code. Raises RateLimited, Unavailable."""
        await self._limiter.hit("sign_in", f"{user_id}|{limit_key(caller.address)}")
        await self._limiter.hit("sign_in_account", f"codes of {user_id}")

    async def open(self, user: User, factors: tuple[str, ...], wanted: SessionRequest) -> SignedIn:
        """A new session for a user who has shown these factors. The session of an old cookie ends with it.

        There is no other way to a session. Raises InvalidCredentials for an account that may not sign in, and
        MfaRequired when the user has a second factor and none was shown.
        """
        if not self._users.registration.may_sign_in(user.status):
            raise InvalidCredentials
        if methods := self._second_factors.missing(user, factors):
            raise MfaRequired(await self._begin(user, factors, wanted.kind), methods)
        user = await self._users.record_sign_in(user, await self._news(user, wanted))
        secret = secrets.token_urlsafe(32) if wanted.kind == COOKIE else None
        device = await self._devices.remember(user, wanted.device_token)
        session = self._new_session(user, factors, wanted, secret, device.id)
        actor = Actor(kind="session", user_id=user.id, session_id=session.id)
        await self._audit.record(
            "session.opened", actor=actor, target=user.id, kind=session.kind, factors=list(factors)
        )
        await self._sessions.insert(session)
        if wanted.old_cookie is not None and (parts := cookie_parts(wanted.old_cookie)) is not None:
            await self._sessions.delete_cookie(parts.session_id, parts.secret_hash)
        opened = SignedIn(user=user, session_id=session.id, device_token=device.token)
        if secret is not None:
            return replace(opened, cookie=f"{session.id}.{secret}")
        return replace(opened, tokens=await self._tokens.pair(session, session.generation))

    async def _news(self, user: User, wanted: SessionRequest) -> Sequence[Mail]:
        """The mail about a sign-in that its user should hear of: on a device from which they have not signed in before.

        It goes only to an address that was confirmed, since anybody can register with that of somebody else.
        """
        is_first = user.last_login_at is None
        if is_first or user.email_verified_at is None or await self._devices.find(user, wanted.device_token):
            return ()
        try:
            await self._limiter.hit("mail", f"new device|{user.id}")
        except LimitReached:
            return ()  # a full mailbox hides what matters
        caller = wanted.caller
        facts = {"device": device_name(caller.device), "network": network_of(caller.address)}
        return self._users.outbox.mails(NEW_DEVICE, user, language=caller.language, facts=facts)

    async def _begin(self, user: User, factors: tuple[str, ...], kind: str) -> str:
        # Bound to the epoch: once the password is changed, it is worth nothing that it was shown.
        bound_to = self._proofs.binding(_FLOW, user.epoch, kind)
        carries = {"kind": kind, "factors": ",".join(factors)}
        return await self._proofs.begin(_FLOW, user.id, bound_to, _FLOW_TIME, carries)

    def _new_session(
        self, user: User, factors: tuple[str, ...], wanted: SessionRequest, secret: str | None, device_id: str
    ) -> Session:
        now = self._now()
        return Session(
            id=new_id(),
            user_id=user.id,
            kind=wanted.kind,
            secret_hash=None if secret is None else _hash(secret),
            nonce=secrets.token_urlsafe(16),
            epoch=user.epoch,
            factors=factors,
            device_id=device_id,
            device=wanted.caller.device[:_MAX_DEVICE],
            ip=network_of(wanted.caller.address),
            created_at=now,
            last_seen_at=now,
            expires_at=self._lifetime.expiry(now, now),
        )


def cookie_parts(cookie: str) -> CookieParts | None:
    """None for what cannot be the value of our cookie."""
    parts = _COOKIE.fullmatch(cookie)
    return None if parts is None else CookieParts(parts[1], _hash(parts[2]))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
