"""Inviting people, and what the code of an invitation is worth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from blogapi.access.administrator import Administrator
from blogapi.audit.service import AuditService
from blogapi.clock import expiry
from blogapi.db.client import new_id
from blogapi.errors import CodeInvalid, Conflict, Invalid, NotFound
from blogapi.idempotency.attempt import ONCE, Attempt
from blogapi.invitations.model import (
    LIFETIME,
    LONGEST_LIFETIME,
    PURPOSE,
    Invitation,
    ListedInvitation,
    NewInvitation,
)
from blogapi.invitations.store import InvitationStore
from blogapi.mail.letters import link_of
from blogapi.mail.model import Letter, Mail
from blogapi.mail.service import MailService
from blogapi.paging.page import Page, PageRequest
from blogapi.personal import Person
from blogapi.proofs.service import Proofs
from blogapi.translation.sentence import LANGUAGES, say
from blogapi.users.logins import email_fault, email_key
from blogapi.users.service import UserService

INVITATION = "invitation"
MAILS = (INVITATION,)
_AT_A_TIME = 100
# What a mail may take without telling a day, an hour or a minute less than was given.
_A_DAY, _AN_HOUR, _A_FEW_MINUTES, _A_MINUTE = (timedelta(minutes=each) for each in (24 * 60, 60, 5, 1))


class InvitationService:
    """Invitations by mail. An address has one at most."""

    def __init__(
        self,
        invitations: InvitationStore,
        users: UserService,
        proofs: Proofs,
        mail: MailService,
        audit: AuditService,
        link_base: str,
        now: Callable[[], datetime],
    ) -> None:
        self._invitations, self._users, self._proofs, self._mail = invitations, users, proofs, mail
        self._audit = audit
        self._link_base, self._now = link_base, now
        self.waiting = asyncio.Event()
        """Set when there may be something to hand over at once."""

    async def create(
        self, by: Administrator, new: NewInvitation, attempt: Attempt = ONCE, *, language: str = LANGUAGES[0]
    ) -> ListedInvitation:
        """Invite whoever reads this mailbox; the mail is written in this language.

        Raises Forbidden where nobody can register, MailUnavailable, Invalid, and Conflict for an address that has an
        account or an invitation.
        """
        await self._users.registration.check(is_invited=True)
        self._mail.check()
        now = self._now()
        if fault := email_fault(new.email):
            raise Invalid([fault])
        expires_at = expiry(new.expires_at, now, usual=LIFETIME, longest=LONGEST_LIFETIME)
        if await self._users.find_by_login(new.email) is not None:
            raise Conflict(say("There is an account with this e-mail address."), code="email_taken")
        invitation = Invitation(
            id=attempt.resource_id or new_id(),
            email=new.email.strip(),
            email_key=email_key(new.email),
            role=new.role or await self._users.making.usual_role(),
            invited_by=by.user_id,
            language=language,
            created_at=now,
            expires_at=expires_at,
        )
        entry = self._audit.entry("invitation.created", actor=by.who, target=invitation.id, role=invitation.role)
        await self._log_before_removal([invitation.email_key])  # of one that has expired
        invitation = await self._invitations.insert(invitation, entry)
        self.waiting.set()
        return ListedInvitation(invitation=invitation)

    async def list(self, by: Administrator, page: PageRequest) -> Page[ListedInvitation]:
        """Those that have not expired, newest first, and who has accepted them."""
        found = await self._invitations.list(self._now(), page)
        accounts = await self._users.made_with(each.id for each in found.items)
        items = [ListedInvitation(invitation=each, account=accounts.get(each.id)) for each in found.items]
        return Page(items=items, position_of=found.position_of, next=found.next, total=found.total)

    async def get(self, by: Administrator, invitation_id: str) -> ListedInvitation:
        """Raises NotFound, also for one that has expired."""
        invitation = await self._invitations.find(invitation_id, self._now())
        if invitation is None:
            raise _not_found(invitation_id)
        accounts = await self._users.made_with([invitation.id])
        return ListedInvitation(invitation=invitation, account=accounts.get(invitation.id))

    async def delete(self, by: Administrator, invitation_id: str) -> None:
        """Withdraw an invitation: its link is good for nothing any more. An account made with it stays.

        Raises NotFound.
        """
        invitation = await self._invitations.find(invitation_id, self._now())
        if invitation is None:
            raise _not_found(invitation_id)
        await self._log_before_removal([], invitation.id)
        # Of many who withdraw it at once, one does, and there is one entry.
        await self._audit.record("invitation.deleted", actor=by.who, target=invitation.id, once=invitation.id)
        if not await self._invitations.delete(invitation.id):
            raise _not_found(invitation_id)

    async def read(self, code: str, email: str) -> Invitation:
        """The invitation of a code, for whoever registers with this address.

        Whether somebody has accepted it is decided when their account is made. Raises CodeInvalid, and Invalid for
        another address.
        """
        try:
            proof = await self._proofs.read(code, PURPOSE)
        except CodeInvalid:
            raise CodeInvalid("/invitation") from None
        invitation = await self._invitations.find(proof.subject, self._now())
        if invitation is None or not self._proofs.is_bound(proof, PURPOSE, invitation.email_key):
            raise CodeInvalid("/invitation")
        if email_key(email) != invitation.email_key:
            raise Invalid.field("/email", "not_invited", say("The invitation is for another e-mail address."))
        return invitation

    async def forget(self, person: Person) -> None:
        """Remove the invitations of a person: to their addresses, and the one with which they came."""
        account = await self._users.find(person.id)
        invitation_id = None if account is None else account.invitation_id
        await self._log_before_removal(person.addresses, invitation_id)
        await self._invitations.delete_of(person.addresses, invitation_id)

    async def _log_before_removal(self, email_keys: Iterable[str], invitation_id: str | None = None) -> None:
        """Put into the log who made these invitations: what nobody has handed over yet goes with them."""
        await self._audit.write(*await self._invitations.waiting_entries(email_keys, invitation_id))

    # The mail

    async def hand_over(self) -> int:
        """Log and mail new invitations; returns how many. Any process may, and nothing is done twice."""
        if not self._mail.is_on:
            return 0
        unsent = await self._invitations.unsent(_AT_A_TIME)
        for each, entry in unsent:
            await self._audit.write(entry)
            # The mail has the invitation's id, by which its letter finds what it tells of.
            mail = Mail(id=each.id, kind=INVITATION, to=each.email, language=each.language, created_at=each.created_at)
            await self._mail.queue(mail)
            await self._invitations.settle(each.id)
        return len(unsent)

    async def letter(self, mail: Mail) -> Letter | None:
        """The invitation as its reader gets it. None once it is withdrawn or has expired."""
        now = self._now()
        invitation = await self._invitations.find(mail.id, now)
        if invitation is None:
            return None
        host = await self._users.find(invitation.invited_by)
        bound_to = self._proofs.binding(PURPOSE, invitation.email_key)
        code = await self._proofs.open(invitation.id, PURPOSE, invitation.id, bound_to, invitation.expires_at - now)
        if code is None:
            return None
        facts = {
            "host": None if host is None else host.display_name,
            "email": invitation.email,
            "link": link_of(self._link_base, PURPOSE, code),
            **_time_left(invitation.expires_at - now),
        }
        return Letter(to=invitation.email, language=invitation.language, template=INVITATION, facts=facts)


def _time_left(left: timedelta) -> Mapping[str, int]:
    """In days from two on, in hours from two on, else in minutes. What does not count is 0."""
    days = (left + _AN_HOUR) // _A_DAY
    hours = (left + _A_FEW_MINUTES) // _AN_HOUR
    minutes = (left + _A_MINUTE) // _A_MINUTE
    if days > 1:
        return {"days": days, "hours": 0, "minutes": 0}
    return {"days": 0, "hours": hours, "minutes": 0} if hours > 1 else {"days": 0, "hours": 0, "minutes": minutes}


def _not_found(invitation_id: str) -> NotFound:
    return NotFound(say("There is no invitation {id!r}.", id=invitation_id))
