"""The way of a sign-in through a browser: what begins it, what brings it back, and what ends it.

Two one-time codes, each a proof. `state` goes to the provider and back. What belongs to it lies encrypted in a cookie,
so it is good only in the browser in which the sign-in began. The code at the end goes to the front end and holds,
encrypted, whose account it is. It is good for whoever knows the verifier whose challenge the front end sent at the
beginning, as in PKCE (RFC 7636): in an address that was copied, logged or planted it is worth nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import orjson

from blogapi.config.secret import derive_key
from blogapi.db.client import new_id
from blogapi.errors import CodeInvalid
from blogapi.proofs.service import Proofs
from blogapi.providers.client import challenge_of
from blogapi.providers.model import Account, Flow
from blogapi.sealing import Sealer
from blogapi.text import base64url

# How long people may take at the provider, and front ends for the last step.
FLOW_TIME, CODE_TIME = timedelta(minutes=15), timedelta(minutes=5)
_STATE, _CODE = "provider-state", "provider-code"
# Tabs in which somebody may begin at once. A cookie has 4,096 bytes.
_TABS = 3
_BETWEEN = "~"


class Flows:
    """Begins flows, takes them up again, and turns what they have proved into a code and back."""

    def __init__(self, proofs: Proofs, secret: str) -> None:
        self._proofs, self._sealer = proofs, Sealer(derive_key(secret, "provider-flow"))

    async def begin(self, provider: str, redirect: str, challenge: str) -> tuple[Flow, str]:
        """A new flow and its `state`."""
        flow = Flow(
            id=new_id(),
            provider=provider,
            redirect=redirect,
            challenge=challenge,
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(32),
        )
        return flow, await self._open(flow.id, _STATE, self._proofs.binding(_STATE, provider), FLOW_TIME)

    def remembered(self, flow: Flow, cookie: str) -> str:
        """The cookie with a flow added; the oldest one goes where there are too many."""
        known = [part for part in cookie.split(_BETWEEN) if part]
        return _BETWEEN.join([self._seal(flow, f"flow {flow.id}"), *known[: _TABS - 1]])

    def find(self, provider: str, state: str, cookie: str) -> tuple[Flow | None, str]:
        """The flow of this state, if it began in this browser, and the cookie without it. Nothing is checked yet."""
        flow_id, rest, found = state.partition(".")[0], [], None
        for part in cookie.split(_BETWEEN)[:_TABS]:
            opened = self._unseal(part, f"flow {flow_id}")
            if opened is not None and opened["provider"] == provider:
                found = Flow(**opened)
            elif part:
                rest.append(part)
        return found, _BETWEEN.join(rest)

    async def spend_state(self, flow: Flow, state: str) -> None:
        """Raises CodeInvalid, also when somebody else was first."""
        proof = await self._proofs.read(state, _STATE, pointer="/state")
        if not self._proofs.is_bound(proof, _STATE, flow.provider):
            raise CodeInvalid("/state")
        await self._proofs.spend(proof, pointer="/state")

    async def code_for(self, account: Account, challenge: str) -> str:
        """A code for who knows the verifier of this challenge."""
        code_id = new_id()
        token = await self._open(code_id, _CODE, self._proofs.binding(_CODE, challenge), CODE_TIME)
        return f"{token}.{self._seal(account, f'code {code_id}')}"

    async def redeem(self, code: str, verifier: str) -> Account:
        """Whose account it is; the code is spent. Raises CodeInvalid."""
        token, _, sealed = code.rpartition(".")
        proof = await self._proofs.read(token, _CODE, pointer="/code")
        account = self._unseal(sealed, f"code {proof.id}")
        if account is None or not self._proofs.is_bound(proof, _CODE, challenge_of(verifier)):
            raise CodeInvalid("/code")
        await self._proofs.spend(proof, pointer="/code")
        return Account(**account)

    async def _open(self, proof_id: str, purpose: str, bound_to: str, lifetime: timedelta) -> str:
        # Whose it will be, nobody knows yet.
        token = await self._proofs.open(proof_id, purpose, proof_id, bound_to, lifetime)
        if token is None:
            raise CodeInvalid
        return token

    def _seal(self, content: Flow | Account, about: str) -> str:
        return base64url.encoded(self._sealer.seal(orjson.dumps(asdict(content)), about))

    def _unseal(self, text: str, about: str) -> dict[str, Any] | None:
        try:
            sealed = base64url.decoded(text)
        except ValueError:
            return None
        plain = self._sealer.open(sealed, about)
        return None if plain is None else orjson.loads(plain)
