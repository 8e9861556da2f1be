"""Signing in with an account elsewhere: the provider, what it says of a person, and the link to a user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from blogapi.deadline import OVER
from blogapi.errors import BlogError, Conflict, Forbidden, Unavailable
from blogapi.ids import Id
from blogapi.translation.sentence import say


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider as people choose it."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A sign-in that has begun: where it goes on, and what its answers have to match."""

    id: Id
    provider: str
    redirect: str
    challenge: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the provider has sent the browser back with. RFC 6749 section 4.1.2, RFC 9207 section 2."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    issuer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody's account at a provider, as the provider vouches for it.

    Issuer and subject together are the account, whatever else changes. OpenID Connect Core 1.0 section 5.7.
    """

    issuer: str
    subject: str
    email: str = ""
    has_verified_email: bool = False
    username: str = ""
    name: str = ""

    @property
    def proven_email(self) -> str | None:
        """The address, if the provider says that it belongs to this person."""
        return self.email if self.email and self.has_verified_email else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """An attempt to remove a link. While it runs, the link is no reason to let another one go."""

    id: Id
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLink:
    """Which user signs in with an account at a provider.

    Like an API key it notes the epoch of its user's password: a reset by mail leaves none of before.
    """

    id: Id
    user_id: Id
    issuer: str
    subject: str
    email: str = ""
    epoch: int = 0
    leaving: tuple[Leaving, ...] = ()
    linked_at: datetime

    def is_leaving(self, now: datetime) -> bool:
        """Whether somebody may be removing it. An attempt of longer ago was cut off."""
        return any(now - attempt.at < OVER for attempt in self.leaving)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLink:
    """A link, with the provider under its present name."""

    link: ProviderLink
    provider: Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where the browser goes next, and the flows that its cookie remembers from then on; empty for none."""

    url: str
    cookie: str = field(repr=False)


class ProviderUnavailable(Unavailable):
    """The provider cannot be reached, or says that it cannot answer now."""

    code = "provider_unavailable"

    def __init__(self) -> None:
        super().__init__(say("The provider does not answer. Try again in a moment."), retry_after_seconds=10)


class ProviderFailed(BlogError):
    """The provider answered something that is not to be trusted, or not to be understood. `reason` is for the log."""

    code = "provider_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(say("The provider has not answered as it should. Nobody was signed in."))
        self.reason = reason


class ProviderDenied(Forbidden):
    """The provider did not let them in, or they did not want it."""

    code = "provider_denied"

    def __init__(self) -> None:
        super().__init__(say("The sign-in was cancelled, or the provider has refused it."))


class LinkRequired(Conflict):
    """Nothing shows that an account here and this one at the provider are the same person's."""

    code = "link_required"


class AlreadyLinked(Conflict):
    """One account at a provider belongs to one user, and the other way round."""

    code = "already_linked"


class LastSignInMethod(Conflict):
    """Without this link nobody could sign in to the account."""

    code = "last_sign_in_method"

    def __init__(self) -> None:
        detail = say("This is the only way to sign in to your account. Set a password first, or link another provider.")
        super().__init__(detail)


Claims = Mapping[str, object]
