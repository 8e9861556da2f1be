"""Challenges: what authenticators sign, so that what they signed is good once, here, now, and for one purpose.

A challenge is the code of a proof. An answer holds it, so a client has nothing else to send back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from blogapi.errors import BlogError, CodeInvalid
from blogapi.passkeys.model import CHALLENGE_TIME, Unproven
from blogapi.proofs.model import Proof
from blogapi.proofs.service import Proofs
from blogapi.text import base64url
from blogapi.web.body import parse_json
from blogapi.web.origins import Origins

# What proofs are for.
REGISTER, SIGN = "passkey-register", "passkey-sign"
_ANYBODY = "0" * 24


@dataclass(frozen=True, slots=True)
class NewChallenge:
    """A challenge for an authenticator to sign, until when it is good."""

    value: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """A challenge that was signed; by whom, is not checked yet."""

    proof: Proof
    value: bytes
    origin: str

    def is_for(self, user_id: str) -> bool:
        """Whether it was given to this user, or to somebody who had not signed in."""
        return self.proof.subject in (user_id, _ANYBODY)


class Challenges:
    """Gives them out, and reads them in what a browser says that was signed (`clientDataJSON`)."""

    def __init__(self, proofs: Proofs, origins: Origins, now: Callable[[], datetime]) -> None:
        self._proofs, self._origins, self._now = proofs, origins, now

    async def new(self, purpose: str, user_id: str | None, bound_to: str = "") -> NewChallenge:
        """A new one, for this user or for whoever answers. `bound_to` comes back with the answer."""
        code = await self._proofs.begin(purpose, user_id or _ANYBODY, bound_to, CHALLENGE_TIME)
        return NewChallenge(code.encode(), self._now() + CHALLENGE_TIME)

    async def read(self, client_data: bytes, purpose: str) -> Answered:
        """The challenge of an answer from a page of ours. Raises Unproven."""
        said = _parsed(client_data)
        origin, challenge = said.get("origin"), said.get("challenge")
        if not isinstance(origin, str) or not isinstance(challenge, str) or not self._origins.knows(origin):
            raise Unproven
        # A page within a page of somebody else may have been clicked on without being seen.
        if said.get("crossOrigin", False) is not False:
            raise Unproven
        try:
            value = base64url.decoded(challenge)
            proof = await self._proofs.read(value.decode("ascii"), purpose)
        except (ValueError, CodeInvalid):
            raise Unproven from None
        return Answered(proof, value, origin)

    async def spend(self, answered: Answered) -> None:
        """Raises Unproven when it was spent meanwhile."""
        try:
            await self._proofs.spend(answered.proof)
        except CodeInvalid:
            raise Unproven from None


def _parsed(client_data: bytes) -> dict[str, Any]:
    try:
        said = parse_json(client_data)
    except BlogError:
        raise Unproven from None
    if not isinstance(said, dict):
        raise Unproven
    return said
