"""The origins whose pages may call from a browser, also with credentials."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from aiohttp import hdrs

from blogapi.config import Config, variable

# Any port: a front end in development has a server of its own.
_LOCAL = re.compile(r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
_SHOWN = re.compile(r"[a-z][a-z0-9+.-]{0,20}://[A-Za-z0-9.:\[\]_-]{1,200}")
_MOST_TOLD = 100

log = logging.getLogger("blogapi.origins")


class Origins:
    """Our own, those of `cors.origins`, and in development all of this machine. The log names each refused one once."""

    def __init__(self, config: Config) -> None:
        self._known = frozenset({config.public_url, *config.cors.origins})
        self._takes_local = not config.is_production
        self._told: set[str] = set()

    def allow(self, headers: Mapping[str, str]) -> bool:
        """Whether the page that sends these may. One that does not say where it is from may not."""
        origin = headers.get(hdrs.ORIGIN)
        if origin is None:
            return False
        if self.knows(origin):
            return True
        if origin not in self._told and origin.partition("://")[2] != headers.get(hdrs.HOST):
            self._tell(origin)
        return False

    def knows(self, origin: str) -> bool:
        """Whether pages of this origin may, spelt as browsers spell it."""
        return origin in self._known or (self._takes_local and _LOCAL.fullmatch(origin) is not None)

    def _tell(self, origin: str) -> None:
        if len(self._told) == _MOST_TOLD:
            return
        if origin == "null":
            cure = "A page that was opened as a file has no origin: serve it, on http://localhost for instance."
        elif _SHOWN.fullmatch(origin):
            cure = f"If it is yours, add it to cors.origins ({variable('cors.origins')}={origin})."
        else:
            return
        self._told.add(origin)
        log.warning("pages of the origin %s may not call this server. %s", origin, cure)
