"""Finds out who is asking: when a route wants to know, and at most once for each request.

Each kind of credential is a module beside this one. It says how the credential comes with a request, and whose it is.
Every kind ends in a whole `Identity`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import hdrs, web

from blogapi.access.identity import Identity, Viewer
from blogapi.errors import BlogError, Forbidden, Unauthorized
from blogapi.translation.sentence import say
from blogapi.web.endpoint import declared
from blogapi.web.origins import Origins

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_VIEWER: web.RequestKey[Identity] = web.RequestKey("viewer", Identity)


class CredentialKind(Protocol):
    """A way to show who one is."""

    @property
    def is_sent_unasked(self) -> bool:
        """Whether browsers add it by themselves, so that another site can have it sent."""

    @property
    def middlewares(self) -> Sequence[Any]:
        """The middlewares that it needs."""

    def find(self, request: web.Request) -> str | None:
        """The credential that came with the request, not checked yet; None when there is none of this kind."""

    async def identify(self, request: web.Request, value: str) -> Identity:
        """Whose it is. Raises Unauthorized."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What came with a request, not checked yet. Without a kind, it is an Authorization header that no kind knows."""

    value: str
    kind: CredentialKind | None

    @property
    def is_sent_unasked(self) -> bool:
        """Whether a browser may have added it for another site."""
        return self.kind is not None and self.kind.is_sent_unasked

    def __repr__(self) -> str:
        return f"Credential({type(self.kind).__name__})"


KINDS: web.AppKey[Sequence[CredentialKind]] = web.AppKey("credential_kinds")
ORIGINS: web.AppKey[Origins] = web.AppKey("origins", Origins)
"""Whose pages may have a cookie sent."""


def credential_of(request: web.Request) -> Credential | None:
    """The credential that came with the request, not checked yet. Raises BlogError `ambiguous_credentials`."""
    has_header = hdrs.AUTHORIZATION in request.headers
    if not has_header and hdrs.COOKIE not in request.headers:
        return None
    found = [
        Credential(value, kind) for kind in request.config_dict[KINDS] if (value := kind.find(request)) is not None
    ]
    if has_header and all(credential.is_sent_unasked for credential in found):
        found.append(Credential(request.headers[hdrs.AUTHORIZATION], None))
    if len(found) > 1:
        detail = say("Send the session cookie or an Authorization header, not both.")
        raise BlogError(detail, code="ambiguous_credentials")
    return found[0] if found else None


async def find_identity(request: web.Request) -> Viewer:
    """Who is asking; None without a credential.

    This is the only way from a request to an identity, so an API key never gets further than the scope of the route
    allows, and nobody whose role needs a second factor further than to setting one up. Raises Unauthorized for a
    credential that is not good, InsufficientScope for a key without that scope, SecondFactorRequired.
    """
    known: Viewer = request.get(_VIEWER)
    if known is None:
        credential = credential_of(request)
        if credential is None:
            return None
        if credential.kind is None:
            raise Unauthorized(say("The Authorization header has to hold a Bearer token or an API key."))
        known = await credential.kind.identify(request, credential.value)
        endpoint = declared(request.match_info.handler)
        known.require_scope("" if endpoint is None else endpoint.scope)
        if endpoint is None or not endpoint.before_second_factor:
            known.require_second_factor()
        request[_VIEWER] = known
    return known


def signed_in(request: web.Request) -> Identity:
    """Who is asking, for routes that need somebody."""
    return request[_VIEWER]


def check_cross_site(request: web.Request) -> None:
    """Refuse what another site may have made a browser send unasked. Raises Forbidden `cross_site`."""
    if request.method not in _SAFE:
        credential = credential_of(request)
        if credential is not None and credential.is_sent_unasked:
            require_same_site(request)


def require_same_site(request: web.Request) -> None:
    """For requests that carry, or ask for, a cookie. Browsers set both headers, and no page can. Raises Forbidden."""
    if request.headers.get("Sec-Fetch-Site") in ("same-origin", "none"):
        return
    if not request.config_dict[ORIGINS].allow(request.headers):
        detail = say("This request comes from another site, or does not say from where. Scripts use a token.")
        raise Forbidden(detail, code="cross_site")
