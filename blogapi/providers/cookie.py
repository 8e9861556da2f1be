"""The cookie that keeps a sign-in with a provider in the browser in which it began."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from blogapi.access.cookie import cookie_name
from blogapi.config import Config
from blogapi.providers.flows import FLOW_TIME


@dataclass(frozen=True, slots=True)
class FlowCookie:
    """Lax, since it has to come along when the provider sends the browser back."""

    name: str
    is_secure: bool

    @classmethod
    def configured(cls, config: Config) -> FlowCookie:
        """From the configuration."""
        return cls(cookie_name(config, "provider-flow"), config.has_secure_cookies)

    def find(self, request: web.Request) -> str:
        """Its value; empty without one."""
        return request.cookies.get(self.name, "")

    def put(self, response: web.StreamResponse, value: str) -> None:
        """Have the answer set it, or remove it where there is nothing to remember."""
        if value:
            response.set_cookie(
                self.name,
                value,
                max_age=int(FLOW_TIME.total_seconds()),
                path="/",
                secure=self.is_secure,
                httponly=True,
                samesite="Lax",
            )
        else:
            response.del_cookie(self.name, path="/", secure=self.is_secure, httponly=True, samesite="Lax")
