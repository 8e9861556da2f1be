"""Mails: what waits to be sent, and what is made of it when it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from blogapi.errors import Unavailable
from blogapi.ids import Id
from blogapi.translation.sentence import LANGUAGES, say

PATIENCE = timedelta(hours=24)
"""How long a mail is tried again and again."""

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that is to be sent.

    It says of what it tells, and to whom. Its text and the code in its link are made when it is sent, so whoever reads
    the queue can use nothing of it.
    """

    id: Id
    kind: str
    to: str = ""
    """The address, as far as it has to be this one; else the present one of the user."""

    user_id: Id | None = None
    language: str = LANGUAGES[0]
    """For who has not chosen one."""

    created_at: datetime
    facts: Mapping[str, str] = field(default_factory=dict)
    """What it tells of that moment, as far as nobody can look it up later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A mail that is ours to send until `until`, for the how manieth time."""

    mail: Mail
    token: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail as its reader gets it: the template and what is filled in.

    One to nobody (`to` is empty) is written as any other, and not sent: so our time tells nobody who is known here.
    """

    to: str
    language: str
    template: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Letter({self.template})"


Write: TypeAlias = Callable[[Mail], Awaitable[Letter | None]]
"""Makes the letter of a mail; None when there is nobody, or nothing any more, to write to."""


class MailUnavailable(Unavailable):
    """This server has no mail, and what was asked for needs one."""

    code = "mail_unavailable"

    def __init__(self) -> None:
        super().__init__(say("This blog sends no mail."), retry_after_seconds=3600)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: each time twice as long, up to two hours."""
    return min(_FIRST_PAUSE * (1 << min(attempts - 1, 20)), _LONGEST_PAUSE)


def language_of(tag: str | None, otherwise: str = LANGUAGES[0]) -> str:
    """The language that we write to somebody who reads this one (BCP 47)."""
    language = (tag or "").split("-")[0].lower()
    return language if language in LANGUAGES else otherwise
