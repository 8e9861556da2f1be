"""The door of privacy: what follows when people are erased."""

from __future__ import annotations

from collections.abc import Iterable

from blogapi.feature import Feature, Wiring
from blogapi.jobs.runner import every
from blogapi.operations.doctor import Check
from blogapi.privacy.checks import PrivacyChecks
from blogapi.privacy.letters import PrivacyLetters
from blogapi.privacy.service import PrivacyService
from blogapi.privacy.store import PersonalStore
from blogapi.users.service import UserService


def build(wiring: Wiring) -> PrivacyService:
    """The service of privacy. Features may come after it, so what they declare is read when it is needed."""
    users = wiring[UserService]
    return PrivacyService(PersonalStore(wiring.database), users, PrivacyLetters(users), lambda: wiring.personal)


def checks(wiring: Wiring) -> Iterable[Check]:
    """What `doctor` looks for of people who were erased."""
    return PrivacyChecks(PersonalStore(wiring.database), wiring[PrivacyService], wiring[UserService]).all()


PRIVACY = Feature(
    name="privacy",
    service=PrivacyService,
    build=build,
    jobs=(every(10, PrivacyService.erase, done="people erased", sooner=lambda privacy: privacy.waiting),),
    checks=checks,
    mails={
        "erasure_asked": lambda privacy, mail: privacy.letters.erasure_asked(mail),
        "erasure_called_off": lambda privacy, mail: privacy.letters.erasure_called_off(mail),
    },
)
