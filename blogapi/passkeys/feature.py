"""The door of passkeys."""

from __future__ import annotations

from collections.abc import Iterable

from blogapi.audit.service import AuditService
from blogapi.config.secret import derive_key
from blogapi.feature import Feature, Subscription, Wiring
from blogapi.mail.service import MailService
from blogapi.operations.doctor import Check
from blogapi.passkeys import handlers
from blogapi.passkeys.challenges import Challenges
from blogapi.passkeys.checks import PasskeyChecks
from blogapi.passkeys.model import RelyingParty
from blogapi.passkeys.service import MAILS, PasskeyService
from blogapi.passkeys.store import PasskeyStore
from blogapi.personal import PersonalData
from blogapi.proofs.service import Proofs
from blogapi.second_factors.service import SecondFactors
from blogapi.users.model import PasswordReset
from blogapi.users.service import UserService
from blogapi.web.origins import Origins


def build(wiring: Wiring) -> PasskeyService:
    """The service of passkeys."""
    config = wiring.config
    return PasskeyService(
        PasskeyStore(wiring.database),
        Challenges(wiring[Proofs], Origins(config), wiring.now),
        wiring[UserService],
        wiring[SecondFactors],
        wiring[AuditService],
        wiring[MailService],
        wiring.bus,
        RelyingParty(id=config.passkey_domain, name=config.site),
        derive_key(config.auth.secret, "passkey-handle"),
        wiring.now,
    )


def checks(wiring: Wiring) -> Iterable[Check]:
    """What `doctor` looks for around passkeys."""
    return PasskeyChecks(PasskeyStore(wiring.database), wiring[PasskeyService], wiring[UserService]).all()


PASSKEYS = Feature(
    name="passkeys",
    service=PasskeyService,
    build=build,
    key=handlers.SERVICE,
    stores=(PasskeyStore,),
    routes=handlers.routes,
    checks=checks,
    mails=dict.fromkeys(MAILS, PasskeyService.letter),
    subscriptions=(Subscription(PasswordReset, PasskeyService.password_reset),),
    personal=(
        PersonalData(
            collection=PasskeyStore.collection,
            found_by=("user_id",),
            exported=("name", "transports", "aaguid", "backup_eligible", "backed_up", "created_at", "last_used_at"),
        ),
    ),
)
