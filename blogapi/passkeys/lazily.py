"""What checks the answers of authenticators, imported when it is first needed."""

from __future__ import annotations

import asyncio
from typing import Protocol

from blogapi.passkeys.model import Asserted, Assertion, Attestation, Passkey, Registered


class Verification(Protocol):
    """The module `verification`, as far as it is asked. Both raise Unproven."""

    def check_attestation(self, attestation: Attestation, challenge: bytes, rp_id: str, origin: str) -> Registered:
        """The key of a new credential."""

    def check_assertion(
        self, assertion: Assertion, passkey: Passkey, challenge: bytes, rp_id: str, origin: str
    ) -> Asserted:
        """What an authenticator has signed with a passkey."""


async def verification() -> Verification:
    """In a thread when it is first needed: importing it takes as long as answering hundreds of readers."""
    return await asyncio.to_thread(_imported)


def _imported() -> Verification:
    from blogapi.passkeys import verification

    return verification
