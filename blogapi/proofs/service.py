"""Proofs that somebody reads a mailbox: the code in a link is a proof's id with a MAC that only this server can make.

The database holds the proof and not the code, so whoever reads the database can spend nothing. A proof is opened when
its mail is written, and its time begins then; it is spent by one update.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from blogapi.config.secret import derive_key
from blogapi.errors import CodeInvalid
from blogapi.proofs.model import Proof
from blogapi.proofs.store import ProofStore

_TOKEN = re.compile(r"([0-9a-f]{24})\.([A-Za-z0-9_-]{43})")


class Proofs:
    """Opens, reads and spends proofs."""

    def __init__(self, store: ProofStore, secret: str, now: Callable[[], datetime]) -> None:
        self._store, self._key, self._now = store, derive_key(secret, "proof"), now

    async def open(self, proof_id: str, purpose: str, subject: str, bound_to: str, lifetime: timedelta) -> str | None:
        """The code of a proof, whose time begins now; None when it was spent already."""
        proof = Proof(
            id=proof_id, purpose=purpose, subject=subject, bound_to=bound_to, expires_at=self._now() + lifetime
        )
        return f"{proof.id}.{self._mac(proof)}" if await self._store.open(proof) else None

    async def read(self, token: str, *purposes: str) -> Proof:
        """The proof of a code that could be spent. Raises CodeInvalid."""
        parts = _TOKEN.fullmatch(token)
        proof = None if parts is None else await self._store.find(parts[1], self._now())
        if parts is None or proof is None or proof.purpose not in purposes:
            raise CodeInvalid
        if not hmac.compare_digest(parts[2], self._mac(proof)):
            raise CodeInvalid
        return proof

    async def spend(self, proof: Proof) -> None:
        """Raises CodeInvalid when somebody else was first."""
        if not await self._store.spend(proof, self._now()):
            raise CodeInvalid

    def binding(self, *parts: object) -> str:
        """What stands for these facts in a proof; it tells nobody what they are."""
        return self._digest("binding", *parts)

    def is_bound(self, proof: Proof, *parts: object) -> bool:
        """Whether the proof was opened for these facts."""
        return hmac.compare_digest(proof.bound_to, self.binding(*parts))

    def _mac(self, proof: Proof) -> str:
        return self._digest("code", proof.purpose, proof.id, proof.subject)

    def _digest(self, *parts: object) -> str:
        # No part holds a NUL, so no two lists of parts read the same.
        text = "\0".join(map(str, parts)).encode()
        return base64.urlsafe_b64encode(hmac.digest(self._key, text, "sha256")).rstrip(b"=").decode()
