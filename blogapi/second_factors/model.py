"""Second factors: what is asked for beside a password, and what shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from blogapi.ids import Id
from blogapi.users.mfa import PASSKEY

TOTP = "totp"
RECOVERY_CODE = "recovery_code"
# A passkey shows that its owner has it and knows its PIN or is who they are: it is both factors in one.
SECOND_FACTORS = frozenset({TOTP, RECOVERY_CODE, PASSKEY})

# Kinds of mails.
TOTP_ADDED = "totp_added"
TOTP_REMOVED = "totp_removed"
TOTP_RESET = "totp_reset"
RECOVERY_CODE_USED = "recovery_code_used"
RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
MAILS = (TOTP_ADDED, TOTP_REMOVED, TOTP_RESET, RECOVERY_CODE_USED, RECOVERY_CODES_RENEWED)

OFFER_TIME = timedelta(minutes=15)
"""How long a secret that was shown waits for the first code."""

RECOVERY_CODES = 10


@dataclass(frozen=True, slots=True)
class SecondFactorShown:
    """Somebody has shown within an open session that they have a second factor."""

    session_id: Id
    factor: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody shows as a second factor: a code of an authenticator app, or a recovery code."""

    kind: str
    code: str = field(repr=False)

    @property
    def pointer(self) -> str:
        """Where it stands in what was sent."""
        return f"/{self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTotp:
    """A new secret, as its owner gets it into an app."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    qr_svg: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """New recovery codes, which nobody can read later."""

    codes: tuple[str, ...] = field(repr=False)
