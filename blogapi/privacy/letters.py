"""What mails about leaving say. A letter is written when it is sent, of what is so then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from blogapi.mail.model import Letter, Mail, language_of
from blogapi.users.letters import letter_to
from blogapi.users.mails import ERASURE_ASKED, ERASURE_CALLED_OFF
from blogapi.users.service import UserService


def _day(moment: datetime, timezone: str | None, language: str) -> str:
    """As its reader says it. In another time zone it may still be the day before: they would come too late."""
    from babel.dates import format_date  # it takes a tenth of a second to load: call this in a thread

    return format_date(moment.astimezone(ZoneInfo(timezone or "UTC")), "long", locale=language)


class PrivacyLetters:
    """Writes them. None where it is not so any more."""

    def __init__(self, users: UserService) -> None:
        self._users = users

    async def write(self, mail: Mail) -> Letter | None:
        """The letter of a mail of one of these kinds (`MAILS`)."""
        return await _WRITERS[mail.kind](self, mail)

    async def erasure_asked(self, mail: Mail) -> Letter | None:
        """Until when one can change one's mind, and how."""
        user = None if mail.user_id is None else await self._users.find(mail.user_id)
        if user is None or user.erasure_at is None or user.email is None:
            return None
        language = language_of(user.locale, mail.language)
        day = await asyncio.to_thread(_day, user.erasure_at, user.timezone, language)
        return letter_to(user, mail, ERASURE_ASKED, day=day)

    async def erasure_called_off(self, mail: Mail) -> Letter | None:
        """That the account stays."""
        user = None if mail.user_id is None else await self._users.find(mail.user_id)
        if user is None or user.erasure_at is not None or user.email is None:
            return None
        return letter_to(user, mail, ERASURE_CALLED_OFF)


_WRITERS: Mapping[str, Callable[[PrivacyLetters, Mail], Awaitable[Letter | None]]] = {
    ERASURE_ASKED: PrivacyLetters.erasure_asked,
    ERASURE_CALLED_OFF: PrivacyLetters.erasure_called_off,
}
MAILS = tuple(_WRITERS)
