"""Who may call a route. Each route declares one of these; there is no default."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from blogapi.access.administrator import Administrator
from blogapi.access.credentials import check_cross_site, credential_of, find_identity, signed_in
from blogapi.access.identity import ROLES
from blogapi.errors import Forbidden, Unauthorized
from blogapi.translation.sentence import say
from blogapi.web.requests import client_address


@dataclass(frozen=True, slots=True)
class Public:
    """Anybody. Nobody is looked up; a bad credential goes unnoticed."""

    is_public: bool = True
    says: str = "public"

    async def authenticate(self, request: web.Request) -> None:
        """Raises BlogError `ambiguous_credentials`, Forbidden `cross_site`."""
        credential_of(request)
        check_cross_site(request)

    def authorize(self, request: web.Request) -> None:
        """Nothing to refuse."""

    def user_id(self, request: web.Request) -> str | None:
        """Nobody is looked up."""
        return None

    def caller(self, request: web.Request) -> str:
        """The address, whoever is behind it."""
        return f"address {client_address(request)}"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in, with at least this role."""

    role: str = ROLES[0]
    is_public: bool = False

    @property
    def says(self) -> str:
        """For the documentation."""
        if self.role == ROLES[0]:
            return "any signed-in user"
        return f"the role {self.role}" + ("" if self.role == ROLES[-1] else " or a stronger one")

    async def authenticate(self, request: web.Request) -> None:
        """Raises Unauthorized, BlogError `ambiguous_credentials`, Forbidden `cross_site`."""
        if await find_identity(request) is None:
            raise Unauthorized(say("Sign in first."))
        check_cross_site(request)

    def authorize(self, request: web.Request) -> None:
        """Raises Forbidden."""
        who = signed_in(request)
        if self.role == ROLES[-1]:
            Administrator(who)
        elif not who.has_role(self.role):
            raise Forbidden(say("This needs the role {role}, or a stronger one.", role=self.role))

    def user_id(self, request: web.Request) -> str | None:
        """Whose credential it is."""
        return signed_in(request).user_id

    def caller(self, request: web.Request) -> str:
        """The user, whatever the session."""
        return f"user {self.user_id(request)}"


PUBLIC = Public()
SIGNED_IN = SignedIn()


def role(name: str) -> SignedIn:
    """This role or a stronger one. Raises ValueError for a role that does not exist."""
    if name not in ROLES:
        raise ValueError(name)
    return SignedIn(name)
