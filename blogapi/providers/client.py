"""One OpenID provider: where people are sent, and what their return proves."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from blogapi.config import ProviderConfig
from blogapi.config.kinds import is_loopback
from blogapi.providers.fetching import Fetcher
from blogapi.providers.id_tokens import ALGORITHMS, Expected, UnknownKey, keys_in, verified
from blogapi.providers.keeping import Kept
from blogapi.providers.model import Account, Answer, Claims, Flow, Provider, ProviderDenied, ProviderFailed
from blogapi.text import base64url

_SCOPE = "openid email profile"
_MOST_CODE = 4096
_MOST_TOKEN = 16 * 1024
# Longer ones are no addresses and no names that we could use.
_MOST_CLAIM = 254
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a provider publishes of itself. OpenID Connect Discovery 1.0 section 3, RFC 9207 section 3."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: Sequence[str]
    takes_basic: bool
    names_itself: bool


class OpenIdProvider:
    """A provider of the configuration. `redirect_uri` is where it sends people back to."""

    def __init__(
        self, name: str, config: ProviderConfig, redirect_uri: str, fetcher: Fetcher, now: Callable[[], datetime]
    ) -> None:
        self.issuer, self.provider = config.issuer, Provider(name=name, title=config.title or name)
        self._config, self._redirect_uri, self._fetcher, self._now = config, redirect_uri, fetcher, now
        self._metadata, self._keys = Kept(self._discover, now), Kept(self._fetch_keys, now)

    async def authorization_url(self, flow: Flow, state: str) -> str:
        """Where somebody signs in there. Raises ProviderUnavailable, ProviderFailed."""
        endpoint = (await self._metadata.get()).authorization_endpoint
        wish = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": _SCOPE,
            "state": state,
            "nonce": flow.nonce,
            "code_challenge": challenge_of(flow.verifier),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(wish)}"

    async def account(self, flow: Flow, answer: Answer) -> Account:
        """Whose account the provider's answer proves. Raises ProviderDenied, ProviderUnavailable, ProviderFailed."""
        metadata = await self._metadata.get()
        self._check_issuer(metadata, answer)
        if answer.error:
            raise ProviderDenied
        if not 0 < len(answer.code) <= _MOST_CODE:
            raise ProviderFailed("no code")
        tokens = await self._exchange(metadata, flow, answer.code)
        access_token = _text(tokens, "access_token", _MOST_TOKEN)
        expected = Expected(
            issuer=self.issuer,
            client_id=self._config.client_id,
            nonce=flow.nonce,
            algorithms=metadata.algorithms,
            access_token=access_token,
        )
        claims = await self._verified(tokens.get("id_token"), expected)
        return _account(self.issuer, await self._completed(claims, metadata, access_token))

    def _check_issuer(self, metadata: Metadata, answer: Answer) -> None:
        """That it is this provider that has answered, and no other one's answer was put in its place (RFC 9207)."""
        if answer.issuer is None and not metadata.names_itself:
            return
        if answer.issuer != self.issuer:
            raise ProviderFailed("an answer of another issuer")

    async def _exchange(self, metadata: Metadata, flow: Flow, code: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": flow.verifier,
        }
        client_id, secret = self._config.client_id, self._config.client_secret
        if secret and metadata.takes_basic:
            # Both parts are encoded first. RFC 6749 section 2.3.1.
            pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
            basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
            return await self._fetcher.post(metadata.token_endpoint, form, authorization=basic)
        form |= {"client_id": client_id, **({"client_secret": secret} if secret else {})}
        return await self._fetcher.post(metadata.token_endpoint, form, authorization=None)

    async def _verified(self, token: object, expected: Expected) -> Claims:
        try:
            return verified(token, await self._keys.get(), expected, self._now())
        except UnknownKey:
            pass
        try:
            return verified(token, await self._keys.newer(), expected, self._now())
        except UnknownKey:
            raise ProviderFailed("an ID token that none of the provider's keys has signed") from None

    async def _completed(self, claims: Claims, metadata: Metadata, access_token: str) -> Claims:
        """With the address, which some providers tell elsewhere. OpenID Connect Core 1.0 section 5.3."""
        if "email" in claims or metadata.userinfo_endpoint is None or not access_token:
            return claims
        about = await self._fetcher.get(metadata.userinfo_endpoint, token=access_token)
        if about.get("sub") != claims["sub"]:
            raise ProviderFailed("the profile of somebody else")
        # Whether the address is verified is for the same source to say.
        return {**about, **claims, "email": about.get("email"), "email_verified": about.get("email_verified")}

    async def _discover(self) -> Metadata:
        found = await self._fetcher.get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise ProviderFailed("it says that it is another issuer")
        offered = found.get("id_token_signing_alg_values_supported", ["RS256"])
        algorithms = [name for name in ALGORITHMS if isinstance(offered, list) and name in offered]
        if not algorithms:
            raise ProviderFailed("it signs with no algorithm that is allowed")
        methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Metadata(
            authorization_endpoint=self._address(found, "authorization_endpoint"),
            token_endpoint=self._address(found, "token_endpoint"),
            jwks_uri=self._address(found, "jwks_uri"),
            userinfo_endpoint=self._address(found, "userinfo_endpoint") if "userinfo_endpoint" in found else None,
            algorithms=algorithms,
            takes_basic=not isinstance(methods, list) or "client_secret_basic" in methods,
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
        )

    async def _fetch_keys(self) -> Sequence[Mapping[str, Any]]:
        return keys_in(await self._fetcher.get((await self._metadata.get()).jwks_uri))

    def _address(self, found: Mapping[str, Any], name: str) -> str:
        """As safe as the issuer's own."""
        url = _text(found, name, 2000)
        try:
            parts = urlsplit(url)
            is_safe = parts.scheme == "https" or (
                parts.scheme == "http" and self.issuer.startswith("http:") and is_loopback(parts.hostname or "")
            )
        except ValueError:
            is_safe = False
        if not is_safe or not url.isascii() or not url.isprintable() or " " in url or parts.fragment:
            raise ProviderFailed(f"{name} is no address that could be used")
        return url


def challenge_of(verifier: str) -> str:
    """The code challenge of a verifier, by S256. RFC 7636 section 4.2."""
    return base64url.encoded(hashlib.sha256(verifier.encode()).digest())


def _account(issuer: str, claims: Claims) -> Account:
    is_verified = claims.get("email_verified")
    return Account(
        issuer=issuer,
        subject=_text(claims, "sub", 255),
        email=_text(claims, "email", _MOST_CLAIM),
        # A text is against the specification, and what some large providers send.
        has_verified_email=is_verified is True or is_verified == "true",
        username=_text(claims, "preferred_username", _MOST_CLAIM),
        name=_text(claims, "name", _MOST_CLAIM),
    )


def _text(found: Mapping[str, object], name: str, most: int) -> str:
    """Empty for what is no text, or too long to be what it should, or half of a surrogate pair is left in it."""
    value = found.get(name)
    if not isinstance(value, str) or len(value) > most:
        return ""
    # Names are cut to a length in UTF-16 elsewhere. An address must not become another one by being mended.
    return value if _SURROGATE.search(value) is None else ""
