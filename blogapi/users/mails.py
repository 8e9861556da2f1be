"""Mails about accounts, which are written into the document of the user with the change that they tell of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from blogapi.db.client import new_id
from blogapi.mail.model import Mail
from blogapi.mail.service import MailService
from blogapi.translation.sentence import LANGUAGES
from blogapi.users.model import User
from blogapi.users.waiting import Waiting

VERIFY_EMAIL = "verify_email"
CONFIRM_EMAIL = "confirm_email"
EMAIL_CHANGED = "email_changed"
PASSWORD_CHANGED = "password_changed"  # noqa: S105  # the kind of a mail
NEW_DEVICE = "new_device"
ALREADY_REGISTERED = "already_registered"
ERASURE_ASKED = "erasure_asked"
ERASURE_CALLED_OFF = "erasure_called_off"
RESET_PASSWORD = "reset_password"  # noqa: S105

_AT_A_TIME = 100


class Outbox:
    """From the documents of users into the queue of mails.

    A mail is in its user's document by the very write that made what it tells of. Any process puts it into the queue,
    where the same mail is not put twice, and then takes it out of the document. So it is lost at no moment.
    """

    def __init__(self, waiting: Waiting, mail: MailService, now: Callable[[], datetime]) -> None:
        self._held, self._mail, self._now = waiting, mail, now
        self.check = mail.check
        self.waiting = asyncio.Event()
        """Set when there may be something to hand over at once."""

    def mails(
        self,
        kind: str,
        user: User,
        *,
        to: str = "",
        language: str = LANGUAGES[0],
        facts: Mapping[str, str] | None = None,
    ) -> Sequence[Mail]:
        """What to write with a change of this user: one mail, or none where there is no mail."""
        if not self._mail.is_on:
            return ()
        about = {"kind": kind, "to": to.strip(), "user_id": user.id, "language": language}
        return (Mail(id=new_id(), created_at=self._now(), facts=facts or {}, **about),)

    async def drop(self, user_id: str) -> None:
        """Put none of those that wait into the queue."""
        await self._held.drop_mails(user_id)

    async def hand_over(self) -> int:
        """Put into the queue what waits; returns how many mails."""
        if not self._mail.is_on:
            return 0
        count = 0
        for user_id, mails in await self._held.mails(_AT_A_TIME):
            await self._mail.queue(*mails)
            await self._held.settle_mails(user_id, mails)
            count += len(mails)
        return count
