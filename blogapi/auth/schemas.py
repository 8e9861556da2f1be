"""What clients send and receive when they sign in and out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from marshmallow import fields, post_load, validates_schema

from blogapi.auth.model import COOKIE, TOKEN, AccessToken, Reauthentication, Registering, SignedIn, TokenPair
from blogapi.passkeys.model import Assertion
from blogapi.passkeys.webauthn import AssertionSchema
from blogapi.second_factors.model import RECOVERY_CODE, TOTP, Answer
from blogapi.second_factors.schemas import CODE_OF_APP
from blogapi.translation.sentence import say
from blogapi.users.examples import NEWCOMER, NEWCOMER_EMAIL, NEWCOMER_PASSWORD
from blogapi.users.logins import MAX_EMAIL
from blogapi.users.mfa import PASSKEY
from blogapi.users.model import NewUser
from blogapi.users.passwords import MAX_LENGTH
from blogapi.users.schemas import PASSWORD, AccountSchema
from blogapi.users.views import OwnUserShape, own_view
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, Line, QueryFlag, Record, Size, Strict, Text, wrong

_MAX_CODE = 200
_TOKEN = "0b1060000000000000000041.that-of-the-link-in-your-mail"  # noqa: S105


def _check_one_of(data: dict[str, Any], *names: str) -> None:
    if sum(name in data for name in names) != 1:
        raise wrong("exactly_one", say("Send exactly one of {names}.", names=", ".join(names)), fields=list(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInWish:
    """Who wants to sign in, and with which credential to go on."""

    login: str
    password: str = field(repr=False)
    mode: str
    device_token: str | None = field(repr=False)


class RegisterSchema(AccountSchema):
    """A new account for yourself."""

    invitation = Text(
        load_default=None,
        load_only=True,
        validate=Size(max=_MAX_CODE),
        metadata={
            "description": "The code of an invitation, from the link in its mail. `email` has to be the address to "
            "which it was sent."
        },
    )

    example = {"username": NEWCOMER, "email": NEWCOMER_EMAIL, "password": NEWCOMER_PASSWORD, "display_name": "Ada"}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Registering:
        invitation = data.pop("invitation")
        return Registering(new=NewUser(**data), invitation=invitation)


class SessionWish(Strict):
    """What every request for a session may have."""

    device_token = Text(
        load_default=None,
        load_only=True,
        validate=Size(max=_MAX_CODE),
        metadata={
            "description": "The `device_token` of an earlier answer on this device: its tries are counted apart from "
            "those of strangers, and the sign-in is no news to its user. Browsers have it in a cookie instead."
        },
    )


class SignInSchema(SessionWish):
    """A name and a password to sign in with."""

    login = Line(
        required=True, validate=Size(min=1, max=MAX_EMAIL), metadata={"description": "Your username or e-mail address."}
    )
    password = Text(
        required=True, load_only=True, validate=Size(min=1, max=MAX_LENGTH), metadata={"format": "password"}
    )
    mode = Text(
        load_default=TOKEN,
        validate=Choice([TOKEN, COOKIE]),
        metadata={"description": "`token`: tokens in the answer. `cookie`: a session cookie, and no tokens."},
    )

    example = {"login": NEWCOMER, "password": NEWCOMER_PASSWORD}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> SignInWish:
        return SignInWish(**data)


@dataclass(frozen=True, slots=True)
class SecondFactorWish:
    """What finishes a sign-in, and which."""

    flow: str = field(repr=False)
    answer: Answer | Assertion
    device_token: str | None = field(default=None, repr=False)


class SecondFactorSchema(SessionWish):
    """A second factor for a sign-in that waits for one: `totp`, `recovery_code` or `passkey`."""

    flow = Text(required=True, load_only=True, validate=Size(max=200), metadata={"description": "As it came with 401."})
    totp = Text(load_only=True, validate=Size(max=20), metadata={"description": CODE_OF_APP})
    recovery_code = Text(
        load_only=True,
        validate=Size(max=40),
        metadata={"description": "One of the codes for when the app is lost. Capitals and spaces do not matter."},
    )
    passkey = Record(AssertionSchema, load_only=True)

    example = {"flow": _TOKEN, "totp": "492039"}

    @validates_schema
    def has_one_factor(self, data: dict[str, Any], **_: Any) -> None:
        """Raises ValidationError."""
        _check_one_of(data, TOTP, RECOVERY_CODE, PASSKEY)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> SecondFactorWish:
        if PASSKEY in data:
            return SecondFactorWish(data["flow"], data[PASSKEY], data["device_token"])
        kind = TOTP if TOTP in data else RECOVERY_CODE
        return SecondFactorWish(data["flow"], Answer(kind, data[kind]), data["device_token"])


class RefreshSchema(Strict):
    """A refresh token to exchange."""

    refresh_token = Text(required=True, load_only=True, validate=Size(max=200))

    example = {"refresh_token": "sign in on this page first: yours is put here"}


class MailboxSchema(Strict):
    """The address that a mail is asked for."""

    email = Line(required=True, metadata={"format": "email", "maxLength": MAX_EMAIL})

    example = {"email": NEWCOMER_EMAIL}


class TokenSchema(Strict):
    """The code of a mail: `token` in its link."""

    token = Text(required=True, load_only=True, validate=Size(max=_MAX_CODE))

    example = {"token": _TOKEN}


class ResetPasswordSchema(TokenSchema):
    """A new password for who has the code of a mail."""

    password = Text(required=True, load_only=True, metadata=PASSWORD)

    example = {"token": _TOKEN, "password": NEWCOMER_PASSWORD}


class ReauthenticateSchema(Strict):
    """What shows once more who somebody is: `password`, `totp` or `passkey`."""

    password = Text(load_only=True, validate=Size(min=1, max=MAX_LENGTH), metadata={"format": "password"})
    totp = Text(load_only=True, validate=Size(max=20), metadata={"description": CODE_OF_APP})
    passkey = Record(AssertionSchema, load_only=True)

    example = {"password": NEWCOMER_PASSWORD}

    @validates_schema
    def has_one_proof(self, data: dict[str, Any], **_: Any) -> None:
        """Raises ValidationError."""
        _check_one_of(data, "password", TOTP, PASSKEY)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Reauthentication:
        return Reauthentication(**data)


class ChangePasswordSchema(Strict):
    """A new password for who knows the present one."""

    current_password = Text(
        required=True, load_only=True, validate=Size(min=1, max=MAX_LENGTH), metadata={"format": "password"}
    )
    password = Text(required=True, load_only=True, metadata=PASSWORD)

    # The same once more, so that the other examples go on signing in with it.
    example = {"current_password": NEWCOMER_PASSWORD, "password": NEWCOMER_PASSWORD}


class SignOutQuery(Strict):
    """Which sessions end."""

    everywhere = QueryFlag(
        data_key="all",
        load_default=False,
        metadata={"description": "`true` ends all of your sessions, on all devices."},
    )


_ACCESS_TOKEN = {"description": "Send it as `Authorization: Bearer ...`."}
_EXPIRES_IN = {"description": "Seconds until the access token expires."}
_REFRESH_TOKEN = {"description": "Gets the next pair from `/v1/auth/refresh`, once."}


class AccessTokenShape(Strict):
    """An access token of the session that goes on."""

    access_token = fields.Str(required=True, metadata=_ACCESS_TOKEN)
    token_type = fields.Str(required=True, validate=Choice(["Bearer"]))
    expires_in = fields.Int(required=True, metadata=_EXPIRES_IN)

    example = {"access_token": "eyJhbGciOiJFZERTQSJ9.e30.xxxx", "token_type": "Bearer", "expires_in": 600}


class TokenPairShape(Strict):
    """An access token, and the refresh token that gets the next pair."""

    session_id = fields.Str(required=True)
    access_token = fields.Str(required=True, metadata=_ACCESS_TOKEN)
    token_type = fields.Str(required=True, validate=Choice(["Bearer"]))
    expires_in = fields.Int(required=True, metadata=_EXPIRES_IN)
    refresh_token = fields.Str(required=True, metadata=_REFRESH_TOKEN)

    example = {
        "session_id": "0b1060000000000000000031",
        "access_token": "eyJhbGciOiJFZERTQSJ9.e30.xxxx",
        "token_type": "Bearer",
        "expires_in": 600,
        "refresh_token": "0b1060000000000000000031.1.xxxx",
    }


class SignedInShape(Strict):
    """A new session. With `mode: cookie` there are no tokens in it."""

    user = fields.Nested(OwnUserShape, required=True)
    session_id = fields.Str(required=True)
    access_token = fields.Str(metadata=_ACCESS_TOKEN)
    token_type = fields.Str(validate=Choice(["Bearer"]))
    expires_in = fields.Int(metadata=_EXPIRES_IN)
    refresh_token = fields.Str(metadata=_REFRESH_TOKEN)
    device_token = fields.Str(
        metadata={"description": "Keep it for as long as the device, and send it with each sign-in on it."}
    )

    example = {"user": OwnUserShape.example, **TokenPairShape.example, "device_token": "xxxx"}


def token_pair_view(pair: TokenPair) -> dict[str, Any]:
    """What a token client holds."""
    return {
        "session_id": pair.session_id,
        "access_token": pair.access_token,
        "token_type": "Bearer",
        "expires_in": pair.expires_in,
        "refresh_token": pair.refresh_token,
    }


def signed_in_view(result: SignedIn) -> dict[str, Any]:
    """A new session."""
    tokens = {} if result.tokens is None else token_pair_view(result.tokens) | {"device_token": result.device_token}
    return {"user": own_view(result.user), "session_id": result.session_id, **tokens}


def access_token_view(token: AccessToken) -> dict[str, Any]:
    """An access token alone."""
    return {"access_token": token.access_token, "token_type": "Bearer", "expires_in": token.expires_in}


ACCESS_TOKEN = Shape(AccessTokenShape, access_token_view)
TOKEN_PAIR = Shape(TokenPairShape, token_pair_view)
SIGNED_IN_SHAPE = Shape(SignedInShape, signed_in_view)
