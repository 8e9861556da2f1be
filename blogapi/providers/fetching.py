"""Asks providers: bounded in time and size, and no further than the address that was meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from blogapi.providers.model import ProviderFailed, ProviderUnavailable

# A sign-in asks four times at most, and has half a minute.
_SECONDS = 5
_MOST_BYTES = 256 * 1024


class Fetcher:
    """One pool of connections to all providers, made when it is first needed."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()

    async def get(self, url: str, *, token: str | None = None) -> Mapping[str, Any]:
        """A JSON object. Raises ProviderUnavailable, ProviderFailed."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await self._ask("GET", url, headers, None)

    async def post(self, url: str, form: Mapping[str, str], *, authorization: str | None) -> Mapping[str, Any]:
        """The JSON object that answers a form. Raises ProviderUnavailable, ProviderFailed."""
        return await self._ask("POST", url, {} if authorization is None else {"Authorization": authorization}, form)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> Mapping[str, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                # Compressed, a few bytes can be gigabytes.
                auto_decompress=False,
                headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "blogapi"},
            )
        try:
            # A redirect could lead into our own network.
            async with self._session.request(method, url, headers=headers, data=form, allow_redirects=False) as answer:
                status, body = answer.status, await _bounded(answer)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise ProviderUnavailable from None
        if status >= 500 or status == 429:
            raise ProviderUnavailable
        if status != 200:
            raise ProviderFailed(f"status {status}")
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise ProviderFailed("no JSON") from None
        if not isinstance(found, dict):
            raise ProviderFailed("no JSON object")
        return found


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > _MOST_BYTES:
            answer.close()
            raise ProviderFailed("too long an answer")
    return bytes(body)
