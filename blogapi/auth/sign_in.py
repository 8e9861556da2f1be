"""Signing in: whoever has shown who they are, with a second factor if they have one, gets a session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from blogapi.auth.guesses import Guesses
from blogapi.auth.model import PASSWORD, Caller, SessionRequest, SignedIn
from blogapi.auth.opening import Opening
from blogapi.errors import CodeInvalid, InvalidCredentials, MfaRequired, Overloaded
from blogapi.passkeys.model import Assertion, Options, Passkey, PasskeyRefused
from blogapi.passkeys.service import PasskeyService
from blogapi.proofs.model import Proof
from blogapi.proofs.service import Proofs
from blogapi.second_factors.model import Answer
from blogapi.second_factors.service import SecondFactors
from blogapi.users.logins import login_key
from blogapi.users.mfa import PASSKEY
from blogapi.users.model import User
from blogapi.users.service import UserService

# A flow: what a proof is for that the first factor was shown, how long it lives, and how many codes can be tried.
_FLOW, _FLOW_TIME, _MOST_TRIES = "mfa", timedelta(minutes=10), 5
_AT_FLOW = "/flow"
# In the place of the login, for which nobody was asked. No username and no address has parentheses.
_BY_PASSKEY = "(passkey)"


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
        users: UserService,
        second_factors: SecondFactors,
        passkeys: PasskeyService,
        proofs: Proofs,
        guesses: Guesses,
        opening: Opening,
    ) -> None:
        self._users, self._second_factors, self._passkeys = users, second_factors, passkeys
        self._proofs, self._guesses, self._opening = proofs, guesses, opening

    async def with_password(self, login: str, password: str, wanted: SessionRequest) -> SignedIn:
        """A new session for who knows the password.

        Every failure says the same and takes one hash. Raises InvalidCredentials, MfaRequired, RateLimited,
        Unavailable.
        """
        guess = await self._guesses.admit(login, wanted)
        try:
            user = await self._users.prove(guess.user, password)
        except InvalidCredentials:
            await self._guesses.missed(login_key(login), None if guess.user is None else guess.user.id)
            raise
        except Overloaded:
            await self._guesses.give_back(guess)
            raise
        await self._guesses.give_back(guess)
        return await self.open(user, (PASSWORD,), wanted)

    async def passkey_options(self, user_id: str | None, caller: Caller) -> Options:
        """What a browser is to be asked, by who is signed in or by anybody. Raises RateLimited, Unavailable."""
        await self._guesses.admit_options(caller)
        return await self._passkeys.request_options(user_id)

    async def with_passkey(self, assertion: Assertion, wanted: SessionRequest) -> SignedIn:
        """A new session for whose passkey signed this, without a name, a password or a second factor.

        Every failure says the same. Raises PasskeyRefused, RateLimited, Unavailable.
        """
        await self._guesses.admit_passkey(wanted.caller)
        try:
            return await self._open_with(await self._passkeys.prove(assertion), wanted)
        except InvalidCredentials:
            await self._guesses.missed(_BY_PASSKEY, None)
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
            await self._guesses.missed(user.id, user.id)
            raise
        await self._proofs.spend(flow.proof, pointer=_AT_FLOW)
        return await self._second_factors.accept(user.id, answer)

    async def open(self, user: User, factors: tuple[str, ...], wanted: SessionRequest) -> SignedIn:
        """A new session for a user who has shown these factors. The session of an old cookie ends with it.

        There is no other way to a session. Raises InvalidCredentials for an account that may not sign in, and
        MfaRequired when the user has a second factor and none was shown.
        """
        if not self._users.registration.may_sign_in(user.status):
            raise InvalidCredentials
        if methods := self._second_factors.missing(user, factors):
            raise MfaRequired(await self._begin(user, factors, wanted.kind), methods)
        return await self._opening.open(user, factors, wanted)

    async def _begin(self, user: User, factors: tuple[str, ...], kind: str) -> str:
        # Bound to the epoch: once the password is changed, it is worth nothing that it was shown.
        bound_to = self._proofs.binding(_FLOW, user.epoch, kind)
        carries = {"kind": kind, "factors": ",".join(factors)}
        return await self._proofs.begin(_FLOW, user.id, bound_to, _FLOW_TIME, carries)
