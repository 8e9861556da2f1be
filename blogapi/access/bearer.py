"""The access token of a token client, in the Authorization header (RFC 6750 section 2.1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from blogapi.access.authorization import API_KEY_PREFIX, bearer_value
from blogapi.access.identity import Identity
from blogapi.errors import Unauthorized
from blogapi.translation.sentence import say


@dataclass(frozen=True, slots=True)
class BearerToken:
    """`Authorization: Bearer <access token>`."""

    is_sent_unasked: ClassVar[bool] = False
    middlewares: ClassVar[tuple[()]] = ()

    identity_of: Callable[[str], Awaitable[Identity]]
    """Who holds an access token. Raises Unauthorized."""

    def find(self, request: web.Request) -> str | None:
        """The token, unless the header has another scheme or holds an API key."""
        token = bearer_value(request)
        return None if token is None or token.startswith(API_KEY_PREFIX) else token

    async def identify(self, request: web.Request, value: str) -> Identity:
        """Who holds the token. Raises Unauthorized."""
        if not value.isascii():
            raise Unauthorized(say("The access token is not valid."))
        return await self.identity_of(value)
