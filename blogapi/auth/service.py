"""Signing in and out, and telling who is asking: the parts of it, and what they do when users change."""

from __future__ import annotations

from dataclasses import dataclass

from blogapi.auth.failures import FailedSignIns
from blogapi.auth.letters import AccountLetters
from blogapi.auth.live import LiveSessions
from blogapi.auth.reauthenticating import Reauthenticating
from blogapi.auth.recovery import Recovery
from blogapi.auth.refreshing import Refreshing
from blogapi.auth.sessions import Sessions
from blogapi.auth.sign_in import SignIn
from blogapi.auth.sign_up import SignUp
from blogapi.mail.model import Letter, Mail
from blogapi.second_factors.model import SecondFactorShown
from blogapi.users.model import ErasureAsked, StatusChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthService:
    """Sessions and the credentials that belong to them."""

    sign_up: SignUp
    sign_in: SignIn
    live: LiveSessions
    refreshing: Refreshing
    reauthenticating: Reauthenticating
    sessions: Sessions
    recovery: Recovery
    letters: AccountLetters
    failures: FailedSignIns

    async def letter(self, mail: Mail) -> Letter | None:
        """What a mail about an account says when it is sent."""
        return await self.letters.write(mail)

    async def status_changed(self, event: StatusChanged) -> None:
        """No session outlives a suspension, even when that is lifted later."""
        await self.sessions.remove_all(event.user_id)

    async def erasure_asked(self, event: ErasureAsked) -> None:
        """Remove what has ended when somebody asked to be erased."""
        await self.sessions.remove_all(event.user_id)

    async def factor_shown(self, event: SecondFactorShown) -> None:
        """Note in a session what its user has shown."""
        await self.sessions.add_factor(event.session_id, event.factor)
