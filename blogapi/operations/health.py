"""Whether this process is alive, and whether it should get requests."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from aiohttp import web
from marshmallow import fields

from blogapi.db.client import Database, database_time
from blogapi.errors import BlogError, Unavailable
from blogapi.measures import Measure, gauge
from blogapi.translation.sentence import Sentence, say
from blogapi.web.endpoint import Shape
from blogapi.web.fields import Choice, Strict

log = logging.getLogger("blogapi.health")

# Who asked within this time watches us. Load balancers ask every few seconds.
_WATCHED_SECONDS = 60
_OK, _FAILED, _ASIDE = "ok", "failed", "standing aside"
# What is missing; nothing when all is well. Raises when it cannot be told.
Check = Callable[[], Awaitable[Sequence[str]]]


@dataclass(slots=True, kw_only=True)
class Readiness:
    """What has to be well before requests should come here, and whether they should stop coming.

    `running` counts the requests that are being answered. A verdict counts for `keep_seconds`, so that nobody can wear
    the database out by asking; `timeout_seconds` bounds each check. What only helps may stand aside: requests are
    welcome all the same.
    """

    checks: dict[str, Check] = field(default_factory=dict)
    helpers: dict[str, Callable[[], bool]] = field(default_factory=dict)
    draining: bool = False
    running: int = 0
    keep_seconds: float = 2
    timeout_seconds: float = 2
    clock: Callable[[], float] = time.monotonic
    _asked: float = float("-inf")
    _verdicts: dict[str, str] = field(default_factory=dict)
    _until: float = float("-inf")
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def measures(self) -> list[Measure]:
        """What there is to tell."""
        return [gauge("blogapi_requests_running", "Requests that are being answered.", lambda: self.running)]

    async def ensure(self) -> dict[str, str]:
        """What was checked. Raises Unavailable, with `checks` to say why."""
        self._asked = self.clock()
        checks = {} if self.draining else await self.verdicts()
        if self.draining:  # maybe only since the checks were begun
            raise _not_ready(say("This process is draining."), {"server": "draining"})
        if _FAILED in checks.values():
            raise _not_ready(say("Something that requests need is not there."), checks)
        return checks | {name: _OK if helps() else _ASIDE for name, helps in self.helpers.items()}

    @property
    def is_watched(self) -> bool:
        """Whether somebody asks, and will hear that requests should stop coming."""
        return self.clock() - self._asked < _WATCHED_SECONDS

    async def verdicts(self) -> dict[str, str]:
        """`ok` or `failed` for each check. What is behind a failure goes to the log, not to the public."""
        async with self._turn:
            if self.clock() >= self._until:
                found = await asyncio.gather(*(self._verdict(name, check) for name, check in self.checks.items()))
                self._verdicts = dict(zip(self.checks, found, strict=True))
                self._until = self.clock() + self.keep_seconds
            return self._verdicts

    async def _verdict(self, name: str, check: Check) -> str:
        try:
            async with asyncio.timeout(self.timeout_seconds):
                with database_time(self.timeout_seconds):
                    missing = await check()
        except (BlogError, TimeoutError) as error:
            log.warning("not ready: %s: %s", name, str(error) or "no answer in time")
            return _FAILED
        except Exception:
            log.exception("not ready: %s", name)
            return _FAILED
        if missing:
            log.warning("not ready: %s: %s", name, ", ".join(missing))
        return _FAILED if missing else _OK


def _not_ready(detail: Sentence, checks: dict[str, str]) -> Unavailable:
    error = Unavailable(detail)
    error.members = {"checks": checks}
    return error


async def unreachable(database: Database) -> Sequence[str]:
    """A check that raises unless the primary answers. Not a ping: this one the mock knows too."""
    await database.list_collection_names()
    return ()


READINESS: web.AppKey[Readiness] = web.AppKey("readiness", Readiness)


class HealthShape(Strict):
    """The process is alive."""

    status = fields.Str(required=True, validate=Choice([_OK]))

    example = {"status": _OK}


class ReadinessShape(HealthShape):
    """The server can take requests."""

    checks = fields.Dict(
        fields.Str(),
        fields.Str(validate=Choice([_OK, _ASIDE])),
        required=True,
        metadata={"description": "What was checked. `standing aside`: the cache is not used, which only costs time."},
    )

    example = {"status": _OK, "checks": {"database": _OK, "indexes": _OK, "cache": _OK}}


HEALTH: Shape = Shape(HealthShape, lambda _: {"status": _OK})
READY: Shape = Shape(ReadinessShape, lambda checks: {"status": _OK, "checks": checks})
