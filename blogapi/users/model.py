"""People: who they are, and what their role lets them do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from blogapi.access.identity import ROLES, Byline, includes_role
from blogapi.changes import Change, PublicChange, Versioned
from blogapi.ids import Id
from blogapi.users.logins import erased_username
from blogapi.users.mfa import Mfa

STATUSES = ("active", "unverified", "suspended", "erased", "unclaimed")
# Those that an administrator sets.
SETTABLE_STATUSES = ("active", "suspended")
# The collection, with which sessions are joined.
COLLECTION = "users"
# The sorts of lists; the first is the default.
PUBLIC_SORTS = ("username", "-posts_count")
ADMIN_SORTS = ("-created_at", "created_at", "username")
# What readers see of a profile, counts aside.
PUBLIC_FIELDS = frozenset({"username", "display_name", "bio", "links", "avatar_url"})

# What each role adds to the one before it, for user interfaces that show only what will work.
_ADDS = {
    "reader": (),
    "contributor": ("create_posts",),
    "author": ("publish_own_posts",),
    "editor": ("edit_all_posts", "publish_all_posts", "feature_posts"),
    "admin": ("purge_posts", "manage_users"),
}

MAX_DISPLAY_NAME = 80
MAX_BIO = 2000
MAX_LINKS = 8

ERASED_DISPLAY_NAME = "Deleted user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link on somebody's profile."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPassword:
    """What is kept of a password: how it was hashed, how expensively, and the hash."""

    scheme: str
    cost: int
    hash: str

    def __repr__(self) -> str:
        return f"StoredPassword({self.scheme}, cost {self.cost})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Counts that do not touch the version."""

    posts: int = 0
    followers: int = 0
    following: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEmail:
    """The address that somebody wants to have, until they have shown that it is theirs."""

    email: str
    key: str
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """What is left to do for somebody who was erased: they may still be named in other collections.

    It is done in two rounds, the second when nothing is under way any more that had begun before the erasure. Whoever
    works on it has it until `due_at`, and has the newest `fence`.
    """

    at: datetime
    addresses: tuple[str, ...] = ()
    """By which they are found where no id stands; until the first round is done."""

    due_at: datetime
    fence: int = 0
    round: int = 0
    done: tuple[str, ...] = ()
    """The collections that are done in this round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Versioned):
    """A person with an account, or the byline of one who never had any."""

    # Another address waits there until it is confirmed.
    inseparable: ClassVar = ({"email", "pending_email"},)

    id: Id
    version: int = 1
    username: str
    username_key: str
    email: str | None = None
    email_key: str | None = None
    password: StoredPassword | None = None
    display_name: str
    bio: str = ""
    bio_html: str = ""
    links: tuple[Link, ...] = ()
    avatar_url: str | None = None
    locale: str | None = None
    timezone: str | None = None
    role: str
    status: str
    email_verified_at: datetime | None = None
    pending_email: PendingEmail | None = None
    epoch: int = 0
    """How often the password was changed: sessions and links of an earlier epoch are good for nothing."""

    unlocks: int = 0  # how often a lock-out was ended: what was counted before then counts no more
    kept_session: Id | None = None  # the one that the last change of the password left
    keys_since: int = 0  # API keys of an earlier epoch are good for nothing: the password was set by mail then
    passkeys_since: int = 0  # the same of passkeys: nobody had shown before then that the address is theirs
    mfa: Mfa = field(default_factory=Mfa)
    last_login_at: datetime | None = None
    invitation_id: Id | None = None  # the one with which the account was made
    erasure_at: datetime | None = None  # when they will be erased, since they asked for it; signing in calls it off
    erasing: Erasing | None = None  # they were erased, and it is not certain yet that no trace is left
    counters: Counters = Counters()
    changes: tuple[Change, ...] = ()
    public_change: PublicChange | None = None  # None: readers could see every change so far
    created_at: datetime
    updated_at: datetime

    @property
    def last_public_change(self) -> PublicChange:
        """The version and time that a profile shows. A change of what is private does not move them."""
        return self.public_change or PublicChange(version=self.version, at=self.updated_at)

    @property
    def byline(self) -> Byline:
        """The name and picture of this person in posts."""
        return Byline(id=self.id, username=self.username, display_name=self.display_name, avatar_url=self.avatar_url)

    @property
    def is_public(self) -> bool:
        """Whether there is a profile that everybody sees: of people who have published."""
        return self.counters.posts > 0 and self.status != "erased"

    @property
    def is_offered_as_author(self) -> bool:
        """Whether any writer may name them as an author. That shows their name, so it excludes those who only read."""
        return self.is_public or (self.status == "active" and includes_role(self.role, "contributor"))

    @property
    def is_acting_admin(self) -> bool:
        """Whether this person can manage people now; one such person has to remain."""
        return self.role == "admin" and self.status == "active" and self.erasure_at is None

    @property
    def permissions(self) -> tuple[str, ...]:
        """What the role allows, in words that a user interface can look for."""
        return tuple(name for role in ROLES[: ROLES.index(self.role) + 1] for name in _ADDS[role])

    @property
    def addresses(self) -> tuple[str, ...]:
        """Their e-mail addresses in normal form, with the one that they want to have."""
        keys = (self.email_key, None if self.pending_email is None else self.pending_email.key)
        return tuple(key for key in keys if key is not None)

    def erased(self, now: datetime) -> User:
        """This person with nothing that tells who they were, but for what finds them elsewhere."""
        name = erased_username(self.id)
        return User(
            id=self.id,
            version=self.version,
            username=name,
            username_key=name,
            display_name=ERASED_DISPLAY_NAME,
            role="reader",
            status="erased",
            invitation_id=self.invitation_id,
            erasing=Erasing(at=now, addresses=self.addresses, due_at=now),
            counters=self.counters,
            changes=self.changes,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """An account to be made. `role` None: what self-registered people get."""

    username: str
    email: str
    password: str | None
    """None: they sign in in another way, until they have set one by mail."""

    display_name: str | None = None
    role: str | None = None
    bio: str = ""
    links: tuple[Link, ...] = ()
    avatar_url: str | None = None

    def __repr__(self) -> str:
        return f"NewUser({self.username!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What people can say about themselves."""

    username: str
    display_name: str
    bio: str = ""
    links: tuple[Link, ...] = ()
    avatar_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnProfile(Profile):
    """The same, with what only they see. Another `email` has to be confirmed first."""

    email: str | None = None
    locale: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedProfile(Profile):
    """The same, with what an administrator decides."""

    role: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Which people. Empty means any; several values mean any of them."""

    roles: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    public: bool = True
    sort: str = "username"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChanged:
    """Somebody's byline is no longer what posts show."""

    byline: Byline


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged:
    """Somebody was suspended, reactivated or erased: no session from before may go on.

    Who has confirmed an address is `active` from then on without it: their sessions go on.
    """

    user_id: Id
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAsked:
    """Somebody wants to be erased: their sessions have ended."""

    user_id: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset:
    """Somebody has set a new password by mail: nothing of before lets anybody in."""

    user_id: Id
