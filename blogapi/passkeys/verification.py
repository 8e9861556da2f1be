"""Checks what authenticators have signed. Importing this takes 0.2 seconds, so it is imported where it is needed.

Whatever is wrong is one error, `Unproven`: these bytes come from anybody, and no answer says which check failed.
"""

from __future__ import annotations

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import decode_credential_public_key, parse_cbor
from webauthn.helpers.cose import COSECRV, COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import DecodedEC2PublicKey, DecodedRSAPublicKey
from webauthn.helpers.decoded_public_key_to_cryptography import decoded_public_key_to_cryptography
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    CredentialDeviceType,
    RegistrationCredential,
)

from blogapi.passkeys.cbor import check_items, end_of_item
from blogapi.passkeys.model import ALGORITHMS, Asserted, Assertion, Attestation, Passkey, Registered, Unproven
from blogapi.text import base64url

_ALGORITHMS = [COSEAlgorithmIdentifier(number) for number in ALGORITHMS]
_RSA_BITS = range(2048, 4097)
_MAX_RSA_EXPONENT = 2**32
# Authenticator data: the hash of the domain, flags, the count; then the AAGUID, the length of the credential id, the
# id, its key, extensions. WebAuthn section 6.1.
_FIXED_BYTES = 37
_ID_LENGTH = slice(_FIXED_BYTES + 16, _FIXED_BYTES + 18)


def check_attestation(attestation: Attestation, challenge: bytes, rp_id: str, origin: str) -> Registered:
    """The key of a new credential. WebAuthn section 7.1. Raises Unproven."""
    try:
        _check_form(attestation.attestation_object)
        verified = verify_registration_response(
            credential=RegistrationCredential(
                id=base64url.encoded(attestation.credential_id),
                raw_id=attestation.credential_id,
                response=AuthenticatorAttestationResponse(
                    client_data_json=attestation.client_data, attestation_object=attestation.attestation_object
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
        if verified.credential_id != attestation.credential_id:
            raise Unproven
    # The library has an error of its own for what its authors thought of; the rest of bad input ends in any other.
    except Exception as error:
        raise Unproven from error
    return Registered(
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        aaguid=verified.aaguid,
        backup_eligible=verified.credential_device_type == CredentialDeviceType.MULTI_DEVICE,
        backed_up=verified.credential_backed_up,
    )


def check_assertion(assertion: Assertion, passkey: Passkey, challenge: bytes, rp_id: str, origin: str) -> Asserted:
    """Whether this passkey signed the challenge for its user. WebAuthn section 7.2. Raises Unproven.

    The count is not compared here: whoever stores it does that.
    """
    try:
        check_items(assertion.authenticator_data[_FIXED_BYTES:], most=1)
        verified = verify_authentication_response(
            credential=AuthenticationCredential(
                id=base64url.encoded(assertion.credential_id),
                raw_id=assertion.credential_id,
                response=AuthenticatorAssertionResponse(
                    client_data_json=assertion.client_data,
                    authenticator_data=assertion.authenticator_data,
                    signature=assertion.signature,
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:
        raise Unproven from error
    if (verified.credential_device_type == CredentialDeviceType.MULTI_DEVICE) != passkey.backup_eligible:
        raise Unproven
    return Asserted(sign_count=verified.new_sign_count, backed_up=verified.credential_backed_up)


def _check_form(attestation_object: bytes) -> None:
    """Raises ValueError for what would be expensive to read or to use, and for statements that we did not ask for.

    Who is asked for no attestation sends none, or the credential's signature of itself. Certificates are not read.
    """
    check_items(attestation_object, most=1)
    parts = parse_cbor(attestation_object)
    data, statement = parts["authData"], parts["attStmt"]
    key = _ID_LENGTH.stop + int.from_bytes(data[_ID_LENGTH])
    check_items(data[key:], most=2)
    _check_key(data[key : end_of_item(data, key)])
    if parts["fmt"] != "none" and (parts["fmt"] != "packed" or "x5c" in statement):
        raise ValueError("another attestation")


def _check_key(public_key: bytes) -> None:
    """Raises ValueError for a key that no authenticator makes; some of those take long to use."""
    key = decode_credential_public_key(public_key)
    if isinstance(key, DecodedEC2PublicKey) and key.crv != COSECRV.P256:
        raise ValueError("another curve")
    if isinstance(key, DecodedRSAPublicKey):
        modulus, exponent = int.from_bytes(key.n), int.from_bytes(key.e)
        if modulus.bit_length() not in _RSA_BITS or exponent >= _MAX_RSA_EXPONENT:
            raise ValueError("another size")
    decoded_public_key_to_cryptography(key)
