"""The JSON of WebAuthn, as browsers make and take it (Web Authentication Level 3, section 5.1).

It stands within our answers and bodies as it is, so that a page hands it over without looking into it.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from blogapi.passkeys.examples import CREDENTIAL_ID
from blogapi.passkeys.model import Assertion, Attestation
from blogapi.text import base64url
from blogapi.translation.sentence import say
from blogapi.web.fields import Choice, FullMatch, Items, Record, Size, Strict, Text, wrong

PUBLIC_KEY = "public-key"
_NOT_BASE64URL = say("Must be base64url.")
_BASE64URL = r"[A-Za-z0-9_-]*={0,2}"
# In bytes. Those of credential ids and user handles are of WebAuthn; the others are some times of what is usual.
_MAX_CREDENTIAL_ID = 1023
_MAX_USER_HANDLE = 64
_MAX_CLIENT_DATA = 3 * 1024
_MAX_ATTESTATION_OBJECT = 6 * 1024
_MAX_AUTHENTICATOR_DATA = 2 * 1024
_MAX_SIGNATURE = 1024


class Bytes(Text):
    """Bytes as WebAuthn writes them in JSON: base64url (RFC 4648 section 5)."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        longest = Size(min=1, max=(most + 2) // 3 * 4)
        super().__init__(validate=[longest, FullMatch(_BASE64URL, _NOT_BASE64URL)], **kwargs)

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        # After the validators: they bound what is decoded.
        text = super().deserialize(value, *args, **kwargs)
        if not isinstance(text, str):
            return text
        try:
            return base64url.decoded(text)
        except ValueError:
            raise wrong("invalid_format", _NOT_BASE64URL) from None


class _OfBrowser(Strict):
    """What a browser made. It may say more than we look at."""

    class Meta:
        """The next version of a browser may have a member more, and people still have to sign in."""

        unknown = "include"


class AttestationResponseSchema(_OfBrowser):
    """What the authenticator said about the new credential."""

    client_data = Bytes(_MAX_CLIENT_DATA, required=True, data_key="clientDataJSON")
    attestation_object = Bytes(_MAX_ATTESTATION_OBJECT, required=True, data_key="attestationObject")
    transports = Items(
        Text(validate=[Size(max=32), FullMatch("[a-z-]+", say("Must be a transport."))]),
        load_default=(),
        validate=Size(max=10),
    )

    example = {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0",
        "attestationObject": "oA",
        "transports": ["hybrid", "internal"],
    }


class AssertionResponseSchema(_OfBrowser):
    """What the authenticator signed."""

    client_data = Bytes(_MAX_CLIENT_DATA, required=True, data_key="clientDataJSON")
    authenticator_data = Bytes(_MAX_AUTHENTICATOR_DATA, required=True, data_key="authenticatorData")
    signature = Bytes(_MAX_SIGNATURE, required=True)
    user_handle = Bytes(_MAX_USER_HANDLE, load_default=None, allow_none=True, data_key="userHandle")

    example = {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
        "authenticatorData": "oA",
        "signature": "oA",
        "userHandle": "oA",
    }


class AttestationSchema(_OfBrowser):
    """A new credential: `toJSON()` of what `navigator.credentials.create()` gave."""

    id = Bytes(_MAX_CREDENTIAL_ID, required=True)
    type = Text(required=True, validate=Choice([PUBLIC_KEY]))
    response = Record(AttestationResponseSchema, required=True)

    example = {"id": CREDENTIAL_ID, "type": PUBLIC_KEY, "response": AttestationResponseSchema.example}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Attestation:
        response = data["response"]
        return Attestation(
            credential_id=data["id"],
            client_data=response["client_data"],
            attestation_object=response["attestation_object"],
            transports=tuple(dict.fromkeys(response["transports"])),
        )


class AssertionSchema(_OfBrowser):
    """A signature: `toJSON()` of what `navigator.credentials.get()` gave."""

    id = Bytes(_MAX_CREDENTIAL_ID, required=True)
    type = Text(required=True, validate=Choice([PUBLIC_KEY]))
    response = Record(AssertionResponseSchema, required=True)

    example = {"id": CREDENTIAL_ID, "type": PUBLIC_KEY, "response": AssertionResponseSchema.example}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Assertion:
        response = data["response"]
        return Assertion(
            credential_id=data["id"],
            client_data=response["client_data"],
            authenticator_data=response["authenticator_data"],
            signature=response["signature"],
            user_handle=response["user_handle"],
        )


class RelyingPartyShape(Strict):
    """The site to which passkeys belong."""

    id = fields.Str(required=True)
    name = fields.Str(required=True)


class HandleShape(Strict):
    """Your account as authenticators know and show it."""

    id = fields.Str(required=True)
    name = fields.Str(required=True)
    display_name = fields.Str(required=True, data_key="displayName")


class ParameterShape(Strict):
    """A kind of key that is accepted."""

    type = fields.Str(required=True)
    alg = fields.Int(required=True)


class DescriptorShape(Strict):
    """A passkey that is registered."""

    type = fields.Str(required=True)
    id = fields.Str(required=True)
    transports = fields.List(fields.Str(), required=True)


class SelectionShape(Strict):
    """What an authenticator has to be able to do."""

    resident_key = fields.Str(required=True, data_key="residentKey")
    require_resident_key = fields.Bool(required=True, data_key="requireResidentKey")
    user_verification = fields.Str(required=True, data_key="userVerification")


class CreationShape(Strict):
    """What `PublicKeyCredential.parseCreationOptionsFromJSON()` takes."""

    rp = fields.Nested(RelyingPartyShape, required=True)
    user = fields.Nested(HandleShape, required=True)
    challenge = fields.Str(required=True)
    pub_key_cred_params = fields.List(fields.Nested(ParameterShape), required=True, data_key="pubKeyCredParams")
    timeout = fields.Int(required=True)
    exclude_credentials = fields.List(fields.Nested(DescriptorShape), required=True, data_key="excludeCredentials")
    authenticator_selection = fields.Nested(SelectionShape, required=True, data_key="authenticatorSelection")
    attestation = fields.Str(required=True)


class RequestShape(Strict):
    """What `PublicKeyCredential.parseRequestOptionsFromJSON()` takes."""

    rp_id = fields.Str(required=True, data_key="rpId")
    challenge = fields.Str(required=True)
    timeout = fields.Int(required=True)
    allow_credentials = fields.List(fields.Nested(DescriptorShape), required=True, data_key="allowCredentials")
    user_verification = fields.Str(required=True, data_key="userVerification")
