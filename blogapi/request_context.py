"""The id and the network of the request that is being answered, for what is written down far from the request."""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple


class RequestContext(NamedTuple):
    """Both are empty where there is no request: in a background job, or on the command line."""

    request_id: str = ""
    network: str = ""
    """As `web.networks.network_of` has it: /24, or /48 of IPv6."""


_NO_REQUEST = RequestContext()
_current: ContextVar[RequestContext] = ContextVar("request_context", default=_NO_REQUEST)


def enter_request(request_id: str, network: str) -> None:
    """Note what is being answered, for the task that answers it and for those that it starts."""
    _current.set(RequestContext(request_id, network))


def request_context() -> RequestContext:
    """That of the request that is being answered."""
    return _current.get()
