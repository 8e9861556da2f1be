"""Invitations: who may register with which role, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from blogapi.ids import Id
from blogapi.translation.sentence import LANGUAGES
from blogapi.users.model import User

PURPOSE = "accept-invitation"
"""What the code is for, which is also the page that the link leads to."""

LIFETIME = timedelta(days=7)
LONGEST_LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvitation:
    """An invitation to be made. `role` None: what self-registered people get; `expires_at` None: in a week."""

    email: str
    role: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation to whoever reads this mailbox.

    Nothing here is the code in the mail. Whether it was accepted is not here either: the account that was made with it
    names it, and only one account can.
    """

    id: Id
    email: str
    email_key: str
    role: str
    invited_by: Id
    language: str = LANGUAGES[0]
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInvitation:
    """An invitation, and the account that was made with it; None as long as there is none."""

    invitation: Invitation
    account: User | None = None
