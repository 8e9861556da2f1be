"""The second factors of a user, as the document of the user holds them. What they mean is in `second_factors`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

PASSKEY = "passkey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Totp:
    """The secret that an authenticator app shares with this server, encrypted."""

    secret: bytes = field(repr=False)
    last_step: int  # the newest time step of which a code was accepted; no code up to it is accepted again
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedTotp:
    """A secret that was shown, and counts once a code shows that an app has it."""

    secret: bytes = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mfa:
    """All second factors of a user."""

    version: int = 0  # grows with each change, spent codes included
    methods: tuple[str, ...] = ()  # what there is, of `totp` and `passkey`; recovery codes stand in for an app
    totp: Totp | None = None
    offered_totp: OfferedTotp | None = None
    recovery_codes: tuple[str, ...] = field(default=(), repr=False)  # the hashes of those that are left

    def without(self, method: str) -> Mfa:
        """The same, where this method is none any more."""
        return replace(self, methods=tuple(each for each in self.methods if each != method))
