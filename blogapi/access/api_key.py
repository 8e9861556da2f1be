"""The API key of a program: as a Bearer token, or as the user name of Basic credentials (`curl -u bk_...:`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from blogapi.access.authorization import API_KEY_PREFIX, basic_user, bearer_value
from blogapi.access.identity import Identity


@dataclass(frozen=True, slots=True)
class ApiKeyCredential:
    """`Authorization: Bearer bk_...` or `Authorization: Basic base64("bk_...:")`."""

    # Browsers send Basic credentials unasked only where a server has once asked for them, and this one never does.
    is_sent_unasked: ClassVar[bool] = False
    middlewares: ClassVar[tuple[()]] = ()

    stands_for: Callable[[str], Awaitable[Identity]]
    """Whose API key this is. Raises Unauthorized."""

    def find(self, request: web.Request) -> str | None:
        """The key. What stands behind the colon of Basic credentials does not count."""
        value = bearer_value(request) or basic_user(request)
        return value if value is not None and value.startswith(API_KEY_PREFIX) else None

    async def identify(self, request: web.Request, value: str) -> Identity:
        """Raises Unauthorized."""
        return await self.stands_for(value)
