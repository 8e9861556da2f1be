"""The key set: the public keys with which anybody can verify an access token (RFC 7517)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import fields

from blogapi.signing.model import RingKey
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, Strict

_EXAMPLE = {
    "kty": "OKP",
    "crv": "Ed25519",
    "alg": "EdDSA",
    "use": "sig",
    "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}


class PublicKeyShape(Strict):
    """A public key (RFC 8037)."""

    kty = fields.Str(required=True, validate=Choice(["OKP"]))
    crv = fields.Str(required=True, validate=Choice(["Ed25519"]))
    alg = fields.Str(required=True, validate=Choice(["EdDSA"]))
    use = fields.Str(required=True, validate=Choice(["sig"]))
    kid = fields.Str(
        required=True, metadata={"description": "The name of the key, in the header of each token that it signs."}
    )
    x = fields.Str(required=True, metadata={"description": "The public key, in base64url."})

    example = _EXAMPLE


class KeySetShape(Strict):
    """All keys, also those that do not sign yet, newest first."""

    keys = fields.List(fields.Nested(PublicKeyShape), required=True)

    example = {"keys": [_EXAMPLE]}


def key_set_view(keys: Sequence[RingKey]) -> dict[str, Any]:
    """The public halves."""
    fixed = {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig"}
    return {"keys": [{**fixed, "kid": key.kid, "x": key.x} for key in keys]}


KEY_SET = Shape(KeySetShape, key_set_view, for_everybody=True)
