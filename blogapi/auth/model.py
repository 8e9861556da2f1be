"""Sessions: who is signed in, from where, and until when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from blogapi.ids import Id
from blogapi.passkeys.model import Assertion
from blogapi.translation.sentence import LANGUAGES
from blogapi.users.joined import CurrentUser
from blogapi.users.model import NewUser, User

COOKIE = "cookie"
TOKEN = "token"  # noqa: S105  # the kind of a session, not a token
PASSWORD = "password"  # noqa: S105  # what was shown, not a password
PROVIDER = "provider"  # an account at an OpenID provider


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
    authenticated_at: datetime | None = None  # when they last showed again who they are; None: not since the sign-in
    factors: tuple[str, ...] = (PASSWORD,)  # what was shown at the sign-in or since
    device_id: str | None = None
    device: str = ""
    ip: str = ""
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device from which a user has signed in. Its id is a hash of both, which nobody can make a token of."""

    id: str
    user_id: Id
    epoch: int
    """That of the user at the last sign-in: whoever changes the password makes all devices strange again."""

    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """How long sessions live, without being used and altogether, and how many a user has at most."""

    idle: timedelta
    longest: timedelta
    most: int

    def expiry(self, created_at: datetime, now: datetime) -> datetime:
        """When a session ends that is used now."""
        return min(now + self.idle, created_at + self.longest)


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
class Registering:
    """The account that somebody wants to have, with the code of their invitation if they have one."""

    new: NewUser
    invitation: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """The session that somebody asks for: of which kind, from where, and the cookie whose session it replaces."""

    kind: str
    caller: Caller
    old_cookie: str | None = None
    device_token: str | None = None
    """By which the device is known, if it has signed in before."""

    def __repr__(self) -> str:
        return f"SessionRequest({self.kind})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reauthentication:
    """What shows once more who somebody is: the password, a code of the authenticator app, or a passkey."""

    password: str | None = field(default=None, repr=False)
    totp: str | None = field(default=None, repr=False)
    passkey: Assertion | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token with which a session goes on for a while, in seconds."""

    access_token: str
    expires_in: int

    def __repr__(self) -> str:
        return "AccessToken()"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair(AccessToken):
    """What a token client holds."""

    session_id: str
    refresh_token: str

    def __repr__(self) -> str:
        return f"TokenPair(of session {self.session_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A new session, with either the cookie's value or the tokens."""

    user: User
    session_id: str
    device_token: str
    """By which the device will be known."""

    cookie: str | None = None
    tokens: TokenPair | None = None

    def __repr__(self) -> str:
        return f"SignedIn(session {self.session_id})"
