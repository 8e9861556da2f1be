"""The door of signing in with accounts elsewhere."""

from __future__ import annotations

from blogapi.audit.service import AuditService
from blogapi.auth.service import AuthService
from blogapi.feature import Feature, Subscription, Wiring
from blogapi.mail.service import MailService
from blogapi.personal import PersonalData
from blogapi.proofs.service import Proofs
from blogapi.providers import handlers
from blogapi.providers.client import OpenIdProvider
from blogapi.providers.cookie import FlowCookie
from blogapi.providers.fetching import Fetcher
from blogapi.providers.flows import Flows
from blogapi.providers.service import MAILS, ProviderService
from blogapi.providers.store import LinkStore
from blogapi.second_factors.letters import FactorLetters
from blogapi.users.model import PasswordReset
from blogapi.users.service import UserService


def build(wiring: Wiring) -> ProviderService:
    """The service of the providers in the configuration. Nothing is asked of them yet."""
    config, fetcher = wiring.config, Fetcher()
    wiring.on_stop.append(fetcher.close)
    here = f"{config.public_url}/v1/auth/providers"
    return ProviderService(
        [
            OpenIdProvider(name, of, f"{here}/{name}/callback", fetcher, wiring.now)
            for name, of in config.providers.items()
        ],
        LinkStore(wiring.database),
        Flows(wiring[Proofs], config.auth.secret),
        wiring[UserService],
        wiring[AuthService],
        FlowCookie.configured(config),
        wiring.limiter,
        wiring[AuditService],
        wiring[MailService],
        FactorLetters(wiring[UserService]),
        wiring.now,
    )


PROVIDERS = Feature(
    name="providers",
    service=ProviderService,
    build=build,
    key=handlers.SERVICE,
    stores=(LinkStore,),
    personal=(
        PersonalData(
            collection=LinkStore.collection,
            found_by=("user_id",),
            exported=("issuer", "subject", "email", "linked_at"),
        ),
    ),
    routes=handlers.routes,
    mails=dict.fromkeys(MAILS, ProviderService.letter),
    subscriptions=(Subscription(PasswordReset, ProviderService.password_reset),),
)
