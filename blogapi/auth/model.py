"""Sessions: who is signed in, from where, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from blogapi.ids import Id
from blogapi.mail.model import LANGUAGES
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
    epoch: int = 0
    authenticated_at: datetime | None = None  # when a password was shown again; None: not since the sign-in
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

    @property
    def is_of_this_epoch(self) -> bool:
        """Whether the password is still that of the sign-in, or was changed by this very session."""
        return self.session.epoch == self.user.epoch or self.session.id == self.user.kept_session


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSession:
    """A session in a list, and whether the request that lists it belongs to it."""

    session: Session
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """From where somebody comes: the User-Agent, the address, and the language that they read."""

    device: str
    address: str
    language: str = LANGUAGES[0]


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
class Proof:
    """What a link in a mail can be spent for, once. Whoever reads it cannot make the link.

    `bound_to` is a digest of what has to be still so for the link to be good.
    """

    id: Id
    purpose: str
    subject: Id
    bound_to: str
    expires_at: datetime
    spent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token of a session that goes on."""

    access_token: str
    expires_in: int

    def __repr__(self) -> str:
        return "AccessToken()"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A new session, with either the cookie's value or the tokens."""

    user: User
    session_id: str
    cookie: str | None = None
    tokens: TokenPair | None = None

    def __repr__(self) -> str:
        return f"SignedIn(session {self.session_id})"
