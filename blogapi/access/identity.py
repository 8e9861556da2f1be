"""Who acts: identities, roles, and the byline by which readers know a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from blogapi.errors import InsufficientScope, ReauthenticationRequired, SecondFactorRequired
from blogapi.ids import Id

FRESH = timedelta(minutes=10)
# Weakest first. Who is not signed in has no role.
ROLES = ("reader", "contributor", "author", "editor", "admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Byline:
    """An author as posts show them. Kept in each copy of a post, so that reading one is one query."""

    id: Id
    username: str
    display_name: str
    avatar_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who acts, whatever the credential was: cookie, access token, API key, or the command line."""

    user_id: Id
    role: str
    session_id: Id | None = None
    key_id: Id | None = None
    # The scopes of an API key. None when the user acts without one, and may do whatever their role allows.
    scopes: frozenset[str] | None = None
    factors: frozenset[str] = field(default=frozenset(), compare=False)  # what was shown at the sign-in or since
    lacks_second_factor: bool = field(default=False, compare=False)  # although the role needs one
    epoch: int = field(default=0, compare=False)  # how often the password had been changed when this was found out
    authenticated_at: datetime | None = field(default=None, compare=False)  # when they last showed who they are
    byline: Byline | None = field(default=None, compare=False)  # where it is known without asking

    def has_scope(self, scope: str) -> bool:
        """Whether the credential allows this. The role has to allow it too."""
        return self.scopes is None or scope in self.scopes

    def require_scope(self, scope: str) -> None:
        """Raises InsufficientScope. No API key has the empty scope."""
        if not self.has_scope(scope):
            raise InsufficientScope(scope)

    def has_role(self, role: str) -> bool:
        """Whether this role or a stronger one."""
        return includes_role(self.role, role)

    def require_fresh(self, now: datetime) -> None:
        """Raises ReauthenticationRequired unless a password was shown a few minutes ago at most."""
        if self.authenticated_at is None or now - self.authenticated_at >= FRESH:
            raise ReauthenticationRequired

    def require_second_factor(self) -> None:
        """Raises SecondFactorRequired where the role needs one that is lacking."""
        if self.lacks_second_factor:
            raise SecondFactorRequired

    @property
    def is_editor(self) -> bool:
        """Whether any content may be changed, not only one's own."""
        return self.has_role("editor")

    @property
    def is_admin(self) -> bool:
        """Whether people may be managed."""
        return self.role == "admin"


# Whoever runs a command beside the server. Nobody in the database has this id.
OPERATOR = Identity(user_id="0" * 24, role="admin")
# Who reads something; None is somebody who is not signed in.
Viewer: TypeAlias = Identity | None


def includes_role(role: str, other: str) -> bool:
    """Whether a role is this other one or stronger."""
    return ROLES.index(role) >= ROLES.index(other)
