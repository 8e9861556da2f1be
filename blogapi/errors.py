"""What can go wrong, in the words of the blog. Nothing here knows HTTP.

ConfigError
NotYet
BlogError
├── Unauthorized ── InvalidCredentials, MfaRequired
├── Forbidden ── InsufficientScope, ReauthenticationRequired, SecondFactorRequired
├── NotFound ── Gone
├── Invalid ── CodeInvalid
├── Conflict ── InvalidTransition, StillRunning
├── Stale
├── RateLimited
└── Unavailable ── Overloaded
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from blogapi.translation.sentence import Sentence, say


class ConfigError(Exception):
    """The configuration or the machine does not allow a start. The message is one line: the cause and the cure."""

    exit_code = 78
    """EX_CONFIG of sysexits.h: nothing changes before a person changes something."""


class NotYet(Exception):
    """What a start needs is not there at this moment and may come by itself. The message is one line like the other."""

    exit_code = 75
    """EX_TEMPFAIL of sysexits.h: try again."""


class BlogError(Exception):
    """A request that cannot be fulfilled. `code` is stable, the detail is for people.

    `members` are what else a client can act on; they become members of the problem document.
    """

    code = "bad_request"
    retry_after_seconds: int | None = None

    def __init__(self, detail: Sentence, *, code: str | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.members: Mapping[str, Any] = members


class Unauthorized(BlogError):
    """Nobody is signed in, or the credential is not, or no longer, good."""

    code = "unauthenticated"


class InvalidCredentials(Unauthorized):
    """A sign-in failed. Says the same for an unknown user and for a wrong password."""

    code = "invalid_credentials"

    def __init__(self, detail: Sentence = say("The login or the password is wrong.")) -> None:
        super().__init__(detail)


class MfaRequired(Unauthorized):
    """What was shown is right and does not suffice: one of `methods` has to be shown, with this `flow`."""

    code = "mfa_required"

    def __init__(self, flow: str, methods: Iterable[str]) -> None:
        super().__init__(say("Show a second factor: POST /v1/auth/mfa."), flow=flow, methods=list(methods))


class Forbidden(BlogError):
    """We know who asks, and they may not."""

    code = "forbidden"


class InsufficientScope(Forbidden):
    """An API key lacks the scope that this needs. `scope` is empty where no API key is accepted."""

    code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        if scope:
            super().__init__(say("This API key lacks the scope {scope}.", scope=scope), scope=scope)
        else:
            super().__init__(say("No API key can do this. Sign in."))
        self.scope = scope


class ReauthenticationRequired(Forbidden):
    """We know who asks, and have to know it afresh: whoever sits at an open session may not do this."""

    code = "reauthentication_required"

    def __init__(self) -> None:
        super().__init__(say("Show once more who you are: sign in again, or POST /v1/auth/reauthenticate."))


class SecondFactorRequired(Forbidden):
    """The role of who asks needs a second factor, and they have none or have not shown it."""

    code = "second_factor_required"

    def __init__(self) -> None:
        super().__init__(
            say(
                "Your role needs a second factor. Set one up (POST /v1/auth/totp), or show yours "
                "(POST /v1/auth/reauthenticate)."
            )
        )


class NotFound(BlogError):
    """It is not there, or not for this viewer: the two are never told apart."""

    code = "not_found"


class Gone(NotFound):
    """It was here and has been removed for good."""

    code = "purged"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One wrong field. `pointer` is a JSON Pointer into what was sent (RFC 6901)."""

    pointer: str
    code: str
    detail: Sentence
    params: Mapping[str, Any] = field(default_factory=dict)


class Invalid(BlogError):
    """Some fields are not valid; all of them are named at once."""

    code = "invalid_fields"

    def __init__(self, errors: Iterable[FieldError], detail: Sentence = say("Some fields are not valid.")) -> None:
        super().__init__(detail)
        self.errors = tuple(errors)

    @classmethod
    def field(cls, pointer: str, code: str, detail: Sentence, **params: Any) -> Invalid:
        """The frequent case: one wrong field."""
        return cls([FieldError(pointer=pointer, code=code, detail=detail, params=params)])


class CodeInvalid(Invalid):
    """A code, of a mail or of an app, is wrong, spent or expired; which of these, nobody is told."""

    code = "code_invalid"

    def __init__(
        self, pointer: str = "/token", says: Sentence = say("This code is not valid, or not any more.")
    ) -> None:
        super().__init__([FieldError(pointer=pointer, code=self.code, detail=says)], says)


class Conflict(BlogError):
    """The wish is valid, but the present state does not allow it."""

    code = "conflict"


class StillRunning(Conflict):
    """The same request, sent before, has not been answered yet."""

    code = "idempotency_in_progress"
    retry_after_seconds = 1


class InvalidTransition(Conflict):
    """The post is in a state from which this step does not lead anywhere."""

    code = "invalid_transition"

    def __init__(self, detail: Sentence, *, allowed: Iterable[str]) -> None:
        super().__init__(detail, allowed=list(allowed))


class Stale(BlogError):
    """Somebody else was first: the caller acted on a version that is no longer the present one.

    `current` is what it is now; `changed` names the fields that moved since, None when that is too long ago to tell.
    """

    code = "stale"

    def __init__(self, current: Any, changed: Iterable[str] | None) -> None:
        super().__init__(say("It has been changed since you read it. Read it again and repeat your change."))
        self.current = current
        self.changed = None if changed is None else sorted(set(changed))


class RateLimited(BlogError):
    """Too many attempts."""

    code = "rate_limited"

    def __init__(self, detail: Sentence, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(BlogError):
    """We cannot do it now, or do not know whether it was done: overload, no primary, a write that timed out."""

    code = "unavailable"

    def __init__(self, detail: Sentence = say("Try again in a moment."), *, retry_after_seconds: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Overloaded(Unavailable):
    """There is too much to do here, or what does it has failed. Nothing was written; the database has no part in it."""

    def __init__(self, detail: Sentence) -> None:
        super().__init__(detail, retry_after_seconds=2)
