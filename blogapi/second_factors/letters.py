"""What mails tell of second factors."""

from __future__ import annotations

from blogapi.mail.model import Letter, Mail
from blogapi.users.letters import letter_to
from blogapi.users.service import UserService


class FactorLetters:
    """Writes them, each with the template of its kind. None where there is nobody to write to any more."""

    def __init__(self, users: UserService) -> None:
        self._users = users

    async def write(self, mail: Mail) -> Letter | None:
        """To whose factors they are."""
        user = None if mail.user_id is None else await self._users.find(mail.user_id)
        if user is None or user.email is None:
            return None
        return letter_to(user, mail, mail.kind, left=len(user.mfa.recovery_codes))
