"""The door of privacy: what follows when people are erased, and the export of their data."""

from __future__ import annotations

from collections.abc import Iterable

from blogapi.audit.service import AuditService
from blogapi.feature import Feature, Wiring
from blogapi.jobs.runner import every
from blogapi.operations.doctor import Check
from blogapi.personal import PersonalData
from blogapi.privacy import handlers
from blogapi.privacy.checks import PrivacyChecks
from blogapi.privacy.exports import LONGEST_SECONDS, Exports
from blogapi.privacy.letters import MAILS, PrivacyLetters
from blogapi.privacy.service import PrivacyService
from blogapi.privacy.store import ExportStore, PartStore, PersonalStore
from blogapi.users.service import UserService


def build(wiring: Wiring) -> PrivacyService:
    """The service of privacy. Features may come after it, so what they declare is read when it is needed."""
    users, store = wiring[UserService], PersonalStore(wiring.database)
    exports = Exports(
        ExportStore(wiring.database),
        PartStore(wiring.database),
        store,
        users,
        wiring.limiter,
        wiring[AuditService],
        lambda: wiring.personal,
        wiring.exports,
        wiring.now,
    )
    return PrivacyService(store, users, PrivacyLetters(users), exports, lambda: wiring.personal)


async def _make_exports(privacy: PrivacyService) -> int:
    return await privacy.exports.make()


def checks(wiring: Wiring) -> Iterable[Check]:
    """What `doctor` looks for of people who were erased."""
    return PrivacyChecks(PersonalStore(wiring.database), wiring[PrivacyService], wiring[UserService]).all()


PRIVACY = Feature(
    name="privacy",
    service=PrivacyService,
    build=build,
    key=handlers.SERVICE,
    stores=(ExportStore, PartStore),
    personal=(
        PersonalData(collection=ExportStore.collection, found_by=("_id",)),
        PersonalData(collection=PartStore.collection, found_by=("user_id",)),
    ),
    routes=handlers.routes,
    jobs=(
        every(10, PrivacyService.erase, done="people erased", sooner=lambda privacy: privacy.waiting),
        every(
            10,
            _make_exports,
            done="exports of personal data made",
            sooner=lambda privacy: privacy.exports.waiting,
            longest_seconds=LONGEST_SECONDS,
        ),
    ),
    checks=checks,
    mails=dict.fromkeys(MAILS, PrivacyService.letter),
)
