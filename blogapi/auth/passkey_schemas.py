"""What clients send to sign in with a passkey."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from marshmallow import post_load

from blogapi.auth.model import COOKIE, TOKEN
from blogapi.auth.schemas import SessionWish
from blogapi.passkeys.model import Assertion
from blogapi.passkeys.webauthn import AssertionSchema
from blogapi.web.fields import Choice, Record, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyWish:
    """What a passkey has signed, and with which credential to go on."""

    assertion: Assertion = field(repr=False)
    mode: str
    device_token: str | None = field(repr=False)


class PasskeySignInSchema(SessionWish):
    """A passkey's signature to sign in with."""

    credential = Record(AssertionSchema, required=True)
    mode = Text(
        load_default=TOKEN,
        validate=Choice([TOKEN, COOKIE]),
        metadata={"description": "`token`: tokens in the answer. `cookie`: a session cookie, and no tokens."},
    )

    example = {"credential": AssertionSchema.example, "mode": TOKEN}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> PasskeyWish:
        return PasskeyWish(assertion=data["credential"], mode=data["mode"], device_token=data["device_token"])
