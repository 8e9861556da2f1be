"""What clients send and receive about passkeys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, post_load

from blogapi.clock import rfc3339, rfc3339_or_none
from blogapi.paging.cursors import PageQuery
from blogapi.passkeys.examples import CREDENTIAL_ID, REMOVED
from blogapi.passkeys.model import ALGORITHMS, DEFAULT_NAME, MAX_NAME, NewPasskey, Options, Passkey
from blogapi.passkeys.webauthn import PUBLIC_KEY, AttestationSchema, CreationShape, RequestShape
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Line, Record, Size, Strict

_NAME: Mapping[str, Any] = {"description": "What you call it, so that you recognise it later."}


class NewPasskeySchema(Strict):
    """A passkey to be registered."""

    credential = Record(AttestationSchema, required=True)
    name = Line(load_default=DEFAULT_NAME, validate=Size(min=1, max=MAX_NAME), metadata=_NAME)

    example = {"credential": AttestationSchema.example, "name": "My phone"}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> NewPasskey:
        return NewPasskey(attestation=data["credential"], name=data["name"])


class PasskeyNameSchema(Strict):
    """What a passkey is called."""

    name = Line(required=True, validate=Size(min=1, max=MAX_NAME), metadata=_NAME)

    example = {"name": "My old phone"}


class PasskeyListQuery(PageQuery):
    """A page of your passkeys."""


class PasskeyShape(Strict):
    """A passkey."""

    id = fields.Str(required=True)
    name = fields.Str(required=True)
    credential_id = fields.Str(
        required=True, metadata={"description": "How browsers and authenticators know it, in base64url."}
    )
    transports = fields.List(
        fields.Str(),
        required=True,
        metadata={"description": "How the authenticator is reached: `internal`, `hybrid`, `usb`, `nfc`, `ble`."},
    )
    aaguid = fields.Str(
        required=True, metadata={"description": "The kind of authenticator (a UUID), all zeros where it does not tell."}
    )
    backup_eligible = fields.Bool(
        required=True, metadata={"description": "Whether it may be synchronised to several devices."}
    )
    backed_up = fields.Bool(required=True, metadata={"description": "Whether it was, when it was last used."})
    created_at = fields.DateTime(required=True)
    last_used_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "Null when it was never used."}
    )

    example = {
        "id": REMOVED,
        "name": "My phone",
        "credential_id": CREDENTIAL_ID,
        "transports": ["hybrid", "internal"],
        "aaguid": "00000000-0000-0000-0000-000000000000",
        "backup_eligible": True,
        "backed_up": True,
        "created_at": "2026-03-01T09:00:00.000Z",
        "last_used_at": None,
    }


_EXPIRES_AT = {"description": "Until when the answer is accepted, once."}
_CHALLENGE = "MGIxMDYwMDAwMDAwMDAwMDAwMDAwMDQxLnh4eHg"


class CreationOptionsShape(Strict):
    """What a browser is to be asked for a new passkey."""

    options = fields.Nested(CreationShape, required=True)
    expires_at = fields.DateTime(required=True, metadata=_EXPIRES_AT)

    example = {
        "options": {
            "rp": {"id": "blog.example.org", "name": "blog.example.org"},
            "user": {"id": "oA", "name": "grace", "displayName": "Grace"},
            "challenge": _CHALLENGE,
            "pubKeyCredParams": [{"type": PUBLIC_KEY, "alg": algorithm} for algorithm in ALGORITHMS],
            "timeout": 300000,
            "excludeCredentials": [{"type": PUBLIC_KEY, "id": CREDENTIAL_ID, "transports": ["internal"]}],
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": True,
                "userVerification": "required",
            },
            "attestation": "none",
        },
        "expires_at": "2026-03-01T09:05:00.000Z",
    }


class RequestOptionsShape(Strict):
    """What a browser is to be asked to sign in, or to show once more who somebody is."""

    options = fields.Nested(RequestShape, required=True)
    expires_at = fields.DateTime(required=True, metadata=_EXPIRES_AT)

    example = {
        "options": {
            "rpId": "blog.example.org",
            "challenge": _CHALLENGE,
            "timeout": 300000,
            "allowCredentials": [],
            "userVerification": "required",
        },
        "expires_at": "2026-03-01T09:05:00.000Z",
    }


def passkey_view(passkey: Passkey) -> dict[str, Any]:
    """A passkey as its owner sees it."""
    return {
        "id": passkey.id,
        "name": passkey.name,
        "credential_id": passkey.credential_id,
        "transports": list(passkey.transports),
        "aaguid": passkey.aaguid,
        "backup_eligible": passkey.backup_eligible,
        "backed_up": passkey.backed_up,
        "created_at": rfc3339(passkey.created_at),
        "last_used_at": rfc3339_or_none(passkey.last_used_at),
    }


def options_view(options: Options) -> dict[str, Any]:
    """Options for a browser."""
    return {"options": options.value, "expires_at": rfc3339(options.expires_at)}


PASSKEY = Shape(PasskeyShape, passkey_view)
CREATION_OPTIONS = Shape(CreationOptionsShape, options_view)
REQUEST_OPTIONS = Shape(RequestOptionsShape, options_view)
