"""Addresses of clients, as little of them as we keep."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The network of an address, enough to recognise a place and not a person: /24, or /48 of IPv6. Else empty."""
    try:
        known = ip_address(address)
    except ValueError:
        return ""
    if known.version == 6 and known.ipv4_mapped is not None:
        known = known.ipv4_mapped
    return str(ip_network((known, 24 if known.version == 4 else 48), strict=False))
