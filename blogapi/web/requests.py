"""What is found out about a request once and needed often."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from aiohttp import hdrs, web
from multidict import CIMultiDictProxy, istr

from blogapi.text.language import best_language
from blogapi.translation.sentence import LANGUAGES
from blogapi.web.networks import bare_address, limit_key

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
ADDRESS: web.RequestKey[str] = web.RequestKey("address", str)
Networks = Sequence[IPv4Network | IPv6Network]
TRUSTED_PROXIES: web.AppKey[Networks] = web.AppKey("trusted_proxies")

_OFFERED_ID = istr("X-Request-Id")
# Told apart, not kept secret: the system's generator would cost more than the rest of a log line.
_chance = random.Random()  # noqa: S311
# What common proxies and tracers send; nothing that could end or forge a line of the log, or mean something in HTML.
_SANE_ID = re.compile(r"[A-Za-z0-9._:;=+/@,~-]{1,128}")


def header_text(request: web.Request, name: str) -> str | None:
    """A header that is kept or shown. Where it is not UTF-8 it is ISO 8859-1, as HTTP once said."""
    value = request.headers.get(name)
    if value is None or value.isascii():
        return value
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def language_of_reader(request: web.BaseRequest) -> str:
    """The one of `LANGUAGES` that the reader wishes for: mails and errors are written in it."""
    if hdrs.ACCEPT_LANGUAGE not in request.headers:  # a plain dict where the head could not be read
        return LANGUAGES[0]
    return best_language(",".join(request.headers.getall(hdrs.ACCEPT_LANGUAGE)), LANGUAGES)


def route_of(request: web.Request) -> str:
    """The route for the log, `/v1/posts/{id}`: a path may hold a name or a secret."""
    resource = request.match_info.route.resource
    return "-" if resource is None else resource.canonical


def has_gone(request: web.BaseRequest) -> bool:
    """Whether the client has left: the connection was closed, or it broke off amid the body."""
    wire = request.transport
    return wire is None or wire.is_closing() or request.content.exception() is not None


def request_id(request: web.BaseRequest) -> str:
    """The id in the answer, the log and the problem."""
    known = request.get(REQUEST_ID)
    if known is None:
        known = request[REQUEST_ID] = id_for(request.headers)
    return known


def id_for(headers: Mapping[str, str]) -> str:
    """The caller's `X-Request-Id` if it is sane, else one of ours."""
    offered = headers.get(_OFFERED_ID)
    return offered if offered and _SANE_ID.fullmatch(offered) else f"{_chance.getrandbits(64):016x}"


def client_address(request: web.Request) -> str:
    """Who is asking, as an address. `X-Forwarded-For` counts only as far as configured proxies wrote it."""
    known = request.get(ADDRESS)
    if known is None:
        trusted = request.config_dict[TRUSTED_PROXIES]
        known = request[ADDRESS] = find_address(request.remote or "", request.headers, trusted)
    return known


def limited_address(request: web.Request) -> str:
    """Who is asking, as rate limits tell people apart."""
    return limit_key(client_address(request))


def find_address(peer: str, headers: CIMultiDictProxy[str], trusted: Networks) -> str:
    """The same, of what came from this peer, before the app has the request."""
    address = bare_address(peer) or "unknown"
    if not trusted:
        return address
    hops = [hop.strip() for hop in ",".join(headers.getall(hdrs.X_FORWARDED_FOR, [])).split(",") if hop.strip()]
    while hops and address != "unknown" and any(ip_address(address) in network for network in trusted):
        hop = bare_address(hops.pop())
        if hop is None:
            break
        address = hop
    return address
