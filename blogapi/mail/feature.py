"""The door of mail."""

from __future__ import annotations

from blogapi.feature import Feature, Wiring
from blogapi.jobs.runner import every
from blogapi.mail.letters import Letters
from blogapi.mail.service import MailService
from blogapi.mail.store import MailStore
from blogapi.mail.transport import transport_of
from blogapi.personal import PersonalData


def build(wiring: Wiring) -> MailService:
    """The service of mail. Who comes later writes what is sent."""
    config = wiring.config
    letters = Letters(site=config.site, sender=config.mail_from)
    return MailService(MailStore(wiring.database), transport_of(config), letters, wiring.writers, wiring.now)


MAIL = Feature(
    name="mail",
    service=MailService,
    build=build,
    stores=(MailStore,),
    personal=(
        PersonalData(
            collection=MailStore.collection,
            found_by=("user_id",),
            exported=("kind", "to", "language", "created_at"),
            forget=MailService.forget,
        ),
    ),
    jobs=(every(10, MailService.deliver, done="mails sent", sooner=lambda mail: mail.waiting),),
    measures=lambda wiring: wiring[MailService].measures(),
)
