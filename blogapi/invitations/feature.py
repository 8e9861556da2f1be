"""The door of invitations."""

from __future__ import annotations

from blogapi.audit.service import AuditService
from blogapi.feature import Feature, Wiring
from blogapi.invitations import handlers
from blogapi.invitations.service import MAILS, InvitationService
from blogapi.invitations.store import InvitationStore
from blogapi.jobs.runner import every
from blogapi.mail.service import MailService
from blogapi.personal import PersonalData
from blogapi.proofs.service import Proofs
from blogapi.users.service import UserService


def build(wiring: Wiring) -> InvitationService:
    """The service of invitations."""
    return InvitationService(
        InvitationStore(wiring.database),
        wiring[UserService],
        wiring[Proofs],
        wiring[MailService],
        wiring[AuditService],
        wiring.config.link_base,
        wiring.now,
    )


INVITATIONS = Feature(
    name="invitations",
    service=InvitationService,
    build=build,
    key=handlers.SERVICE,
    stores=(InvitationStore,),
    personal=(
        PersonalData(
            collection=InvitationStore.collection,
            found_by_address=("email_key",),
            exported=("email", "role", "created_at", "expires_at"),
            forget=InvitationService.forget,
        ),
    ),
    routes=handlers.routes,
    jobs=(every(10, InvitationService.hand_over, done="invitations mailed", sooner=lambda service: service.waiting),),
    mails=dict.fromkeys(MAILS, InvitationService.letter),
)
