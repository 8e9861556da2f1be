"""An OpenID provider on this machine that keeps to the rules until a test says otherwise."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import unquote, urlencode

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

CLIENT, SECRET = "blog", "a secret: with / and % in it"


@cache
def private_key(algorithm, number=0):
    """A key for an algorithm, the same in all tests; `number` tells several apart."""
    if algorithm in ("RS256", "PS256"):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ed25519.Ed25519PrivateKey.generate() if algorithm == "EdDSA" else ec.generate_private_key(ec.SECP256R1())


def jwk_of(key, kid):
    kind = {rsa.RSAPrivateKey: RSAAlgorithm, ed25519.Ed25519PrivateKey: OKPAlgorithm}
    algorithm = next((kind[base] for base in kind if isinstance(key, base)), ECAlgorithm)
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}


def half_hash(text, algorithm="ES256"):
    digest = (hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256)(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


@dataclass
class Issuer:
    """Whoever goes to its page is signed in as `person` and sent back at once."""

    url: str = ""
    person: dict = field(
        default_factory=lambda: {
            "sub": "248289761001",
            "email": "grace@example.org",
            "email_verified": True,
            "name": "Grace Hopper",
            "preferred_username": "grace",
        }
    )
    algorithm: str = "ES256"
    kid: str = "one"
    key_number: int = 0
    claims: dict = field(default_factory=dict)  # put over the right ones; None leaves one out
    metadata: dict = field(default_factory=dict)  # the same for what it publishes
    sign: object = None  # makes the ID token of its claims, in place of the right way
    back: dict = field(default_factory=dict)  # put over the parameters of the way back
    answers: dict = field(default_factory=dict)  # by path, a handler in place of the right one
    changes: dict = field(default_factory=dict)  # by path, what makes another answer of the right one
    asked: list = field(default_factory=list)  # the paths of all requests
    is_split: bool = False  # whether the address is told at the userinfo endpoint only
    profile: dict = field(default_factory=dict)  # put over what that tells
    connections: object = None  # tells how many are open
    _codes: dict = field(default_factory=dict)

    @property
    def key(self):
        return private_key(self.algorithm, self.key_number)

    def count(self, path):
        return self.asked.count(path)

    async def handle(self, request):
        self.asked.append(request.path)
        own = self.answers.get(request.path)
        if own is not None:
            return await own(request)
        right = {
            "/.well-known/openid-configuration": self._publish,
            "/authorize": self._authorize,
            "/token": self._token,
            "/jwks": self._keys,
            "/userinfo": self._userinfo,
        }
        response = await right[request.path](request)
        change = self.changes.get(request.path)
        return response if change is None else change(response)

    async def _publish(self, _):
        found = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": [self.algorithm],
            "code_challenge_methods_supported": ["S256"],
        }
        return web.json_response(_over(found, self.metadata))

    async def _keys(self, _):
        return web.json_response({"keys": [jwk_of(self.key, self.kid)]})

    async def _authorize(self, request):
        query, code = dict(request.query), secrets.token_urlsafe(16)
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        self._codes[code] = {**query, "person": dict(self.person)}
        back = _over({"code": code, "state": query["state"], "session_state": "x"}, self.back)
        raise web.HTTPFound(f"{query['redirect_uri']}?{urlencode(back)}")

    async def _token(self, request):
        form = await request.post()
        scheme, _, pair = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(pair).decode().partition(":")
            name, secret = unquote(name), unquote(secret)
        else:
            name, secret = form.get("client_id"), form.get("client_secret")
        begun = self._codes.pop(form.get("code"), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (name, secret) != (CLIENT, SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        if (
            begun is None
            or begun["redirect_uri"] != form.get("redirect_uri")
            or begun["code_challenge"] != challenge.rstrip(b"=").decode()
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        access_token = secrets.token_urlsafe(16)
        self._codes[access_token] = begun
        return web.json_response(
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": 600,
                "id_token": self.id_token(begun, access_token),
            }
        )

    def id_token(self, begun, access_token):
        now, person = int(time.time()), begun["person"]
        told = {"sub": person["sub"]} if self.is_split else person
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": begun["nonce"],
            "at_hash": half_hash(access_token, self.algorithm),
            **told,
        }
        claims = _over(claims, self.claims)
        if self.sign is not None:
            return self.sign(claims)
        return jwt.encode(claims, self.key, algorithm=self.algorithm, headers={"kid": self.kid})

    async def _userinfo(self, request):
        begun = self._codes[request.headers["Authorization"].removeprefix("Bearer ")]
        return web.json_response(_over(begun["person"], self.profile))


def _over(right, other):
    return {name: value for name, value in {**right, **other}.items() if value is not None}


@asynccontextmanager
async def issuing(host="127.0.0.1"):
    """One that listens."""
    issuer = Issuer()
    server = web.Server(issuer.handle)
    issuer.connections = lambda: len(server.connections)
    runner = web.ServerRunner(server, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    issuer.url = f"http://{host}:{runner.addresses[0][1]}"
    try:
        yield issuer
    finally:
        await runner.cleanup()
