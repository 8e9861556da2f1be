"""Addresses of clients: only the part that we keep."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_MAYBE_WITH_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]+)?|([0-9.]+):[0-9]+")


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The network of an address, enough to recognise a place and not a person: /24, or /48 of IPv6. Else empty."""
    known = _read(address)
    return "" if known is None else str(ip_network((known, 24 if known.version == 4 else 48), strict=False))


@lru_cache(maxsize=4096)
def limit_key(address: str) -> str:
    """One key for all addresses that a client can choose from: a /64 of IPv6, else the address itself."""
    known = _read(address)
    if isinstance(known, IPv6Address):
        return str(ip_network((known, 64), strict=False))
    return address if known is None else str(known)


@lru_cache(maxsize=4096)
def bare_address(text: str) -> str | None:
    """The address in `192.0.2.1:80` or `[2001:db8::1]:80`, in its one spelling; None for what is none."""
    found = _MAYBE_WITH_PORT.fullmatch(text)
    known = _read((found[1] or found[2]) if found else text)
    return None if known is None else str(known)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        known = ip_address(text)
    except ValueError:
        return None
    return known.ipv4_mapped or known if isinstance(known, IPv6Address) else known
