"""`Idempotency-Key`: a POST that is repeated does its work once and gets the first answer again.

The answer is kept encrypted with the Idempotency-Key, which only its client has: what it says of people cannot be read
in the database.
"""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
from aiohttp import web

from blogapi.db.client import database_errors
from blogapi.errors import BlogError, Conflict, Unavailable
from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.measures import Measure, Tally, counter, tally
from blogapi.sealing import Sealer
from blogapi.translation.sentence import say
from blogapi.web.problems import PROBLEMS

_KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Cache-Control")
_SANE_KEY = re.compile(r"[\x21-\x7e]{1,255}")
log = logging.getLogger("blogapi.idempotency")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """The first answer to a request, to be replayed."""

    status: int
    headers: dict[str, str]
    body: bytes
    is_sealed: bool = True  # as all are, but for those that an older server beside ours has kept


class Records(Protocol):
    """Where attempts and answers are kept (`blogapi.idempotency.store`)."""

    async def begin(self, key: str, fingerprint: str, user_id: str | None) -> Attempt | StoredAnswer:
        """Raises BlogError `idempotency_key_reused`, StillRunning."""

    async def finish(self, key: str, answer: StoredAnswer) -> None:
        """Keep the answer for replays."""

    async def forget(self, key: str) -> None:
        """The request was refused, so the key may be used again."""

    async def release(self, key: str) -> None:
        """It is not known what became of the attempt: the next one may take over at once."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """What the endpoints need."""

    records: Records
    secret: bytes
    outcomes: Tally = field(default_factory=lambda: tally("first", "replayed"))
    """How many requests with a key did their work, `first`, and how many got the first answer again, `replayed`."""

    def measures(self) -> list[Measure]:
        """Its metrics."""
        says = "Requests with an Idempotency-Key: first ones, and those that got the first answer again (replayed)."
        return [counter("blogapi_idempotent_requests_total", says, lambda: self.outcomes, ("outcome",))]

    def _digest(self, *parts: bytes) -> bytes:
        return hmac.digest(self.secret, b"\0".join(parts), "sha256")

    async def run(
        self,
        request: web.Request,
        *,
        caller: str,
        user_id: str | None = None,
        body: Any,
        work: Callable[[Attempt], Awaitable[web.StreamResponse]],
        shows_secret: bool = False,
    ) -> web.StreamResponse:
        """Do the work, or replay the answer it got the first time. `user_id` is that of a caller who is signed in.

        Raises Conflict `secret_shown_once` instead of replaying an answer that showed a secret.
        """
        offered = offered_key(request)
        if offered is None:
            return await work(ONCE)
        named = (caller.encode(), request.method.encode(), request.path_qs.encode(), offered.encode())
        key, sealer = self._digest(*named).hex(), Sealer(self._digest(b"answer", *named))
        fingerprint = self._digest(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hex()
        begun = await self.records.begin(key, fingerprint, user_id)
        self.outcomes["replayed" if isinstance(begun, StoredAnswer) else "first",] += 1
        if isinstance(begun, StoredAnswer):
            if shows_secret:
                detail = say("The first request with this Idempotency-Key was done, and what it showed is shown once.")
                raise Conflict(detail, code="secret_shown_once", location=begun.headers.get("Location"))
            headers = {**begun.headers, "Idempotency-Replayed": "true"}
            kept = sealer.open(begun.body, key) if begun.is_sealed else begun.body
            return web.Response(status=begun.status, body=kept, headers=headers)
        return await self._first_time(key, sealer, begun, work, shows_secret=shows_secret)

    async def _first_time(
        self,
        key: str,
        sealer: Sealer,
        attempt: Attempt,
        work: Callable[[Attempt], Awaitable[web.StreamResponse]],
        *,
        shows_secret: bool,
    ) -> web.StreamResponse:
        try:
            response = await work(attempt)
        except BlogError as error:
            refused = not isinstance(error, Unavailable) and PROBLEMS[error.code].status < 500
            await _attempted(self.records.forget(key) if refused else self.records.release(key))
            raise
        except BaseException:
            await _attempted(self.records.release(key))
            raise
        if isinstance(response, web.Response) and isinstance(response.body, bytes):
            headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
            body = sealer.seal(b"" if shows_secret else response.body, key)
            answer = StoredAnswer(status=response.status, headers=headers, body=body)
            # The work is done and durable. Should this fail, a retry finds it by the attempt's id or key.
            await _attempted(self.records.finish(key, answer))
        return response


def offered_key(request: web.Request) -> str | None:
    """The Idempotency-Key, if there is one. Raises BlogError for one that cannot be."""
    offered = request.headers.get("Idempotency-Key")
    if offered is not None and not _SANE_KEY.fullmatch(offered):
        says = say("An Idempotency-Key is 1 to 255 printable ASCII characters without spaces.")
        entry = {"parameter": "Idempotency-Key", "code": "invalid_format", "detail": says}
        raise BlogError(says, code="invalid_parameter", errors=[entry])
    return offered


async def _attempted(change: Awaitable[None]) -> None:
    """What is known of the request by now is its answer, whatever becomes of its record."""
    try:
        with database_errors():
            await change
    except Unavailable:
        log.warning("the record of an idempotent request could not be kept up to date")
    except Exception:
        log.exception("the record of an idempotent request could not be kept up to date")


IDEMPOTENCY: web.AppKey[Idempotency] = web.AppKey("idempotency", Idempotency)
