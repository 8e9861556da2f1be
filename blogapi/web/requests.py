"""Facts of a request that are found once and asked for often."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from aiohttp import web

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
ADDRESS: web.RequestKey[str] = web.RequestKey("address", str)
Networks = Sequence[IPv4Network | IPv6Network]
TRUSTED_PROXIES: web.AppKey[Networks] = web.AppKey("trusted_proxies")

# Told apart, not kept secret: the system's generator would cost more than the rest of a log line.
_chance = random.Random()  # noqa: S311
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id(request: web.Request) -> str:
    """The id in the answer, the log and the problem: the caller's `X-Request-Id` if it is sane, else ours."""
    known = request.get(REQUEST_ID)
    if known is None:
        offered = request.headers.get("X-Request-Id")
        known = offered if offered and _SANE_ID.fullmatch(offered) else f"{_chance.getrandbits(64):016x}"
        request[REQUEST_ID] = known
    return known


def client_address(request: web.Request) -> str:
    """Who is asking, as an address. `X-Forwarded-For` counts only as far as configured proxies wrote it."""
    known = request.get(ADDRESS)
    if known is None:
        known = request[ADDRESS] = _find_address(request, request.config_dict[TRUSTED_PROXIES])
    return known


def _find_address(request: web.Request, trusted: Networks) -> str:
    address = request.remote or "unknown"
    if not trusted:
        return address
    hops = [hop.strip() for hop in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",") if hop.strip()]
    while hops:
        try:
            known = ip_address(address)
        except ValueError:
            return address
        if not any(known in network for network in trusted):
            return address
        address = hops.pop()
    return address
