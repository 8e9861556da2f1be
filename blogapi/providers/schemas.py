"""What clients send and receive about providers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from marshmallow import EXCLUDE, fields, post_load

from blogapi.auth.model import COOKIE, TOKEN
from blogapi.auth.schemas import SessionWish
from blogapi.clock import rfc3339
from blogapi.paging.cursors import PageQuery
from blogapi.providers.model import NamedLink, Provider
from blogapi.translation.sentence import say
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, FullMatch, Size, Strict, Text

EXAMPLE = "example"
# Challenge and verifier are those of RFC 7636 appendix B.
EXAMPLE_START = {
    "name": EXAMPLE,
    "redirect": "http://localhost:3000/signed-in",
    "challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
}
# RFC 7636 sections 4.1 and 4.2.
_CHALLENGE = "[A-Za-z0-9_-]{43}"
_VERIFIER = "[A-Za-z0-9._~-]{43,128}"
_EXAMPLE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
_EXAMPLE_CODE = "0b1060000000000000000051.that-of-the-address-to-which-you-were-sent-back.xxxx"
# An address as browsers and we read it alike: no user, no backslash, no fragment.
_REDIRECT = (
    r"(https?://[A-Za-z0-9.\[\]:_-]{1,260})((/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?)"
)
_MOST_REDIRECT = 500


class ProviderListQuery(PageQuery):
    """A page of the providers."""


class LinkListQuery(PageQuery):
    """A page of your linked accounts."""


class StartQuery(Strict):
    """Where a sign-in goes on, and for whom."""

    redirect = Text(
        required=True,
        validate=[
            Size(max=_MOST_REDIRECT),
            FullMatch(_REDIRECT, say("Must be an http or https URL without a fragment.")),
        ],
        metadata={
            "description": "The page of your front end that goes on. Pages of its origin have to be allowed to call "
            "this server (`cors.origins`)."
        },
    )
    challenge = Text(
        required=True,
        validate=FullMatch(_CHALLENGE, say("Must be the SHA-256 of your verifier in base64url, without padding.")),
        metadata={"description": "The SHA-256 of a verifier that only your page knows, in base64url (RFC 7636, S256)."},
    )


class CallbackQuery(Strict):
    """What a provider says. It may say more, which is ignored. RFC 6749 section 4.1.2."""

    class Meta:
        """Not refused, as others decide what there is."""

        unknown = EXCLUDE

    state = Text(load_default="", validate=Size(max=200))
    code = Text(load_default="", validate=Size(max=4096))
    error = Text(load_default="", validate=Size(max=200))
    iss = Text(load_default=None, validate=Size(max=2000))


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishWish:
    """Who wants a session, and of which kind."""

    code: str = field(repr=False)
    verifier: str = field(repr=False)
    mode: str
    device_token: str | None = field(default=None, repr=False)


class ProviderCodeSchema(Strict):
    """The code with which the provider's page led back, and the verifier whose challenge began it."""

    code = Text(required=True, load_only=True, validate=Size(max=4096))
    verifier = Text(
        required=True,
        load_only=True,
        validate=FullMatch(_VERIFIER, say("Must be 43 to 128 letters, digits, -, ., _ or ~.")),
    )

    example = {"code": _EXAMPLE_CODE, "verifier": _EXAMPLE_VERIFIER}


class FinishProviderSchema(ProviderCodeSchema, SessionWish):
    """The same, and the kind of the session."""

    mode = Text(
        load_default=TOKEN,
        validate=Choice([TOKEN, COOKIE]),
        metadata={"description": "`token`: tokens in the answer. `cookie`: a session cookie, and no tokens."},
    )

    example = {"code": _EXAMPLE_CODE, "verifier": _EXAMPLE_VERIFIER}

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> FinishWish:
        return FinishWish(**data)


class ProviderShape(Strict):
    """A provider with whose accounts people can sign in here."""

    name = fields.Str(required=True, metadata={"description": "Stands in its addresses."})
    title = fields.Str(required=True, metadata={"description": "What people call it."})

    example = {"name": EXAMPLE, "title": "Example"}


class ProviderLinkShape(ProviderShape):
    """A provider with whose account you sign in."""

    email = fields.Str(
        required=True,
        allow_none=True,
        metadata={"description": "What the provider said was your address there. Null when it did not say."},
    )
    linked_at = fields.DateTime(required=True)

    example = {**ProviderShape.example, "email": "ada@example.org", "linked_at": "2026-03-01T09:00:00.000Z"}


def provider_view(provider: Provider) -> dict[str, Any]:
    """A provider as everybody sees it."""
    return {"name": provider.name, "title": provider.title}


def link_view(named: NamedLink) -> dict[str, Any]:
    """A link as its user sees it."""
    return {
        **provider_view(named.provider),
        "email": named.link.email or None,
        "linked_at": rfc3339(named.link.linked_at),
    }


PROVIDER = Shape(ProviderShape, provider_view, for_everybody=True)
LINK = Shape(ProviderLinkShape, link_view)
