"""The codes of authenticator apps (TOTP, RFC 6238) and recovery codes: made, shown and compared."""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime

import pyotp

from blogapi.config.secret import derive_key
from blogapi.sealing import Sealer
from blogapi.text import base64url

# RFC 6238 section 5.2 recommends steps of 30 seconds, and to accept one more for the delay; here also one for a clock
# that is ahead.
STEP_SECONDS = 30
_DRIFT = 1
_TOTP = re.compile("[0-9]{6}")
# Without i, l, o and u, which are misread or spell words (as Crockford's base 32 has it): 50 random bits in a code.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_HALF = 5
_READ_AS = str.maketrans("ilo", "110", " -")
# To choose among the eight masks takes ten times as long as all of the rest, and any of them can be read.
_MASK = 3


class Codes:
    """Makes and compares codes with keys that only this server has."""

    def __init__(self, secret: str, site: str) -> None:
        self._sealer = Sealer(derive_key(secret, "totp"))
        self._hash_key = derive_key(secret, "recovery-code")
        # In the label of a key URI a colon ends the issuer, so that of a port is a space there.
        self._issuer = site.replace(":", " ")

    # Of apps

    def new_secret(self) -> str:
        """A secret of 160 bits in base 32, as RFC 4226 section 4 recommends."""
        return pyotp.random_base32()

    def seal(self, secret: str, user_id: str) -> bytes:
        """The secret as it is stored. It cannot be read for another user."""
        return self._sealer.seal(secret.encode(), user_id)

    def uri(self, secret: str, username: str) -> str:
        """What the QR code says: the secret, and what the app calls it."""
        return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=self._issuer)

    def qr_svg(self, uri: str) -> str:
        """The QR code as an SVG element."""
        import segno  # slow to import, and rarely needed

        return segno.make(uri, error="m", micro=False, mask=_MASK).svg_inline(scale=4)

    def step_of(self, sealed: bytes, user_id: str, code: str, at: datetime) -> int | None:
        """The time step to which a code of an app belongs now, the latest of several; None for a wrong code."""
        secret, digits = self._sealer.open(sealed, user_id), code.replace(" ", "")
        if secret is None or not _TOTP.fullmatch(digits):
            return None
        app, now = pyotp.TOTP(secret.decode()), int(at.timestamp()) // STEP_SECONDS
        steps = range(now - _DRIFT, now + _DRIFT + 1)
        right = [step for step in steps if hmac.compare_digest(app.generate_otp(step), digits)]
        return max(right, default=None)

    # Recovery codes

    def new_recovery_code(self) -> str:
        """Ten characters in two halves."""
        code = "".join(secrets.choice(_ALPHABET) for _ in range(2 * _HALF))
        return f"{code[:_HALF]}-{code[_HALF:]}"

    def hash_of(self, recovery_code: str, user_id: str) -> str:
        """The stored form. However it is typed: capitals, spaces, no hyphen, letters for digits.

        With a key, because 50 bits could be guessed by whoever has the hashes.
        """
        plain = recovery_code.lower().translate(_READ_AS)
        digest = hmac.digest(self._hash_key, f"{user_id}\0{plain}".encode(), "sha256")
        return base64url.encoded(digest)
