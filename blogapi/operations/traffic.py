"""How many requests there were, what became of them and how long they took: by route, never by path."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from functools import lru_cache

from aiohttp import hdrs, web

from blogapi.measures import SECONDS, Labels, Measure, Tally, counter, durations
from blogapi.operations.metrics import Metrics

_METHODS = frozenset(hdrs.METH_ALL) - {hdrs.METH_ANY}
HIT = "hit"
# Of Cache-Status, what tells most comes first.
_CACHE_WORDS = {
    "hit": HIT,
    "collapsed": "collapsed",
    "fwd=bypass": "bypass",
    "detail=private": "private",
    "fwd=request": "refresh",
    "stored": "miss",
    "fwd=uri-miss": "not_kept",
}
_NO_CACHE = "none"


class Traffic:
    """Counts requests, unless nobody is told. One costs a look into a dict and three additions."""

    def __init__(self, *, is_told: bool = True) -> None:
        self._is_told = is_told
        self._rows: dict[tuple[str, str, int, str], list[float]] = {}

    def count(self, method: str, route: str, status: int, cache: str, seconds: float, size: int | None) -> None:
        """Count one: what the cache did for it, how long it took until it was answered, and the bytes of its body."""
        if not self._is_told:
            return
        row = self._rows.get((route, method, status, cache))
        if row is None:
            row = self._row(route, method, status, cache)
        row[bisect_left(SECONDS, seconds)] += 1
        row[-2] += seconds
        if size and method != hdrs.METH_HEAD:
            row[-1] += size

    def _row(self, route: str, method: str, status: int, cache: str) -> list[float]:
        # A client may send any word as a method.
        key = (route, method if method in _METHODS else "other", status, cache)
        return self._rows.setdefault(key, [0] * (len(SECONDS) + 3))

    def measures(self) -> list[Measure]:
        """What there is to tell."""
        return [
            counter(
                "blogapi_requests_total",
                "Requests that were answered, by what the read cache did: hit, miss and so on. 499: the client left.",
                self._requests,
                ("route", "method", "status", "cache"),
            ),
            durations(
                "blogapi_request_duration_seconds",
                "How long it took until a request was answered; sending is not in it.",
                self._durations,
                ("route", "method"),
            ),
            counter("blogapi_response_bytes_total", "Bytes of bodies of answers.", self._bytes, ("route",)),
        ]

    def _requests(self) -> Tally:
        return Counter(
            {
                (route, method, str(status), cache): int(sum(row[:-2]))
                for (route, method, status, cache), row in self._rows.items()
            }
        )

    def _durations(self) -> dict[Labels, list[float]]:
        found: dict[Labels, list[float]] = {}
        for (route, method, _, _), row in self._rows.items():
            before = found.get((route, method), [0] * (len(SECONDS) + 2))
            found[route, method] = [old + new for old, new in zip(before, row[:-1], strict=True)]
        return found

    def _bytes(self) -> dict[Labels, float]:
        found: Counter[Labels] = Counter()
        for (route, _, _, _), row in self._rows.items():
            found[(route,)] += int(row[-1])
        return dict(found)


@lru_cache(maxsize=64)
def cache_part(cache_status: str) -> str:
    """What the read cache did, from the header `Cache-Status`; empty where there is none."""
    said = {part.strip() for part in cache_status.split(";")}
    return next((word for part, word in _CACHE_WORDS.items() if part in said), _NO_CACHE)


METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)
TRAFFIC: web.AppKey[Traffic] = web.AppKey("traffic", Traffic)
