"""What clients send and receive about their second factors."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from blogapi.second_factors.model import RecoveryCodes, ShownTotp
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Size, Strict, Text

CODE_OF_APP = "The six digits that the authenticator app shows now."
# Of a secret that nobody has.
_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105


class ConfirmTotpSchema(Strict):
    """A code that shows that an authenticator app has the secret."""

    totp = Text(required=True, load_only=True, validate=Size(max=20), metadata={"description": CODE_OF_APP})

    example = {"totp": "492039"}


class ShownTotpShape(Strict):
    """A new secret for an authenticator app. No other answer shows it."""

    secret = fields.Str(required=True, metadata={"description": "The secret in base 32, for typing it in."})
    uri = fields.Str(required=True, metadata={"description": "The same as an `otpauth:` address."})
    qr_svg = fields.Str(required=True, metadata={"description": "The address as a QR code: an SVG element."})

    example = {
        "secret": _SECRET,
        "uri": f"otpauth://totp/blog.example.org:ada?secret={_SECRET}&issuer=blog.example.org",
        "qr_svg": '<svg width="196" height="196" class="segno"><path transform="scale(4)" stroke="#000"/></svg>',
    }


class NewRecoveryCodesShape(Strict):
    """New recovery codes. No other answer shows them; codes of before are void."""

    recovery_codes = fields.List(
        fields.Str(),
        required=True,
        metadata={"description": "Each can be used once in place of a code of the app."},
    )

    example = {"recovery_codes": ["k3f9x-7m2qd", "p8wzn-40hvt"]}


def shown_totp_view(shown: ShownTotp) -> dict[str, Any]:
    """A new secret, this once."""
    return {"secret": shown.secret, "uri": shown.uri, "qr_svg": shown.qr_svg}


def recovery_codes_view(recovery: RecoveryCodes) -> dict[str, Any]:
    """New recovery codes, this once."""
    return {"recovery_codes": list(recovery.codes)}


SHOWN_TOTP = Shape(ShownTotpShape, shown_totp_view)
RECOVERY_CODES = Shape(NewRecoveryCodesShape, recovery_codes_view)
