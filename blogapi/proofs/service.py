"""Proofs that somebody may go on, such as that they read a mailbox: each has a code that only this server can make.

The code is the proof's id with a MAC. The database holds the proof and not the code, so whoever reads the database can
spend nothing. The proof of a mail is opened when the mail is written, and its time begins then. A proof is spent by one
update.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from blogapi.config.secret import derive_key
from blogapi.db.client import new_id
from blogapi.errors import CodeInvalid
from blogapi.proofs.model import Proof
from blogapi.proofs.store import ProofStore
from blogapi.text import base64url

_TOKEN = re.compile(r"([0-9a-f]{24})\.([A-Za-z0-9_-]{43})")


class Proofs:
    """Opens, reads and spends proofs."""

    def __init__(self, store: ProofStore, secret: str, now: Callable[[], datetime]) -> None:
        self._store, self._key, self._now = store, derive_key(secret, "proof"), now

    async def open(
        self,
        proof_id: str,
        purpose: str,
        subject: str,
        bound_to: str,
        lifetime: timedelta,
        carries: Mapping[str, str] | None = None,
    ) -> str | None:
        """The code of a proof, whose time begins now; None when it was spent already."""
        proof = Proof(
            id=proof_id,
            purpose=purpose,
            subject=subject,
            bound_to=bound_to,
            expires_at=self._now() + lifetime,
            carries=carries or {},
        )
        return f"{proof.id}.{self._mac(proof)}" if await self._store.open(proof) else None

    async def begin(
        self, purpose: str, subject: str, bound_to: str, lifetime: timedelta, carries: Mapping[str, str] | None = None
    ) -> str:
        """The code of a new proof, which no mail and no earlier attempt has a name for."""
        code = await self.open(new_id(), purpose, subject, bound_to, lifetime, carries)
        assert code is not None  # nobody can have spent it
        return code

    async def read(self, token: str, *purposes: str, pointer: str = "/token") -> Proof:
        """The proof of a code that could be spent. Raises CodeInvalid with this pointer."""
        parts = _TOKEN.fullmatch(token)
        proof = None if parts is None else await self._store.find(parts[1], self._now())
        if parts is None or proof is None or proof.purpose not in purposes:
            raise CodeInvalid(pointer)
        if not hmac.compare_digest(parts[2], self._mac(proof)):
            raise CodeInvalid(pointer)
        return proof

    async def count_try(self, proof: Proof, most: int, *, pointer: str = "/token") -> None:
        """Count that something is tried with the code. Raises CodeInvalid after so many, and when it was spent."""
        if not await self._store.count_try(proof, most):
            raise CodeInvalid(pointer)

    async def spend(self, proof: Proof, *, pointer: str = "/token") -> None:
        """Raises CodeInvalid when somebody else was first."""
        if not await self._store.spend(proof, self._now()):
            raise CodeInvalid(pointer)

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
        return base64url.encoded(hmac.digest(self._key, text, "sha256"))
