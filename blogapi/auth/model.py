"""Sessions: who is signed in, from where, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from blogapi.ids import Id
from blogapi.users.joined import CurrentUser
from blogapi.users.model import User

COOKIE = "cookie"
TOKEN = "token"  # noqa: S105  # the kind of a session, not a token


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """When a generation of the refresh token was spent."""

    n: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in. Its document is the right to act: without it, no cookie and no token of it is good.

    Nothing in it signs anybody in: a cookie's secret is kept as a hash, and a refresh token is computed from the nonce
    with a key that the database does not hold.
    """

    id: Id
    user_id: Id
    kind: str
    secret_hash: str | None = None
    nonce: str
    generation: int = 0
    rotations: tuple[Rotation, ...] = ()
    device: str = ""
    ip: str = ""
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionWithUser:
    """A session that has not expired, with its user."""

    session: Session
    user: CurrentUser


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSession:
    """A session in a list, and whether the request that lists it belongs to it."""

    session: Session
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """From where somebody signs in: the User-Agent and the address."""

    device: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a token client holds."""

    session_id: str
    access_token: str
    refresh_token: str
    expires_in: int

    def __repr__(self) -> str:
        return f"TokenPair(of session {self.session_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A new session, with either the cookie's value or the tokens."""

    user: User
    session_id: str
    cookie: str | None = None
    tokens: TokenPair | None = None

    def __repr__(self) -> str:
        return f"SignedIn(session {self.session_id})"
