"""The door of API keys."""

from __future__ import annotations

from blogapi.access.api_key import ApiKeyCredential
from blogapi.api_keys import handlers
from blogapi.api_keys.service import ApiKeyService
from blogapi.api_keys.store import ApiKeyStore
from blogapi.audit.service import AuditService
from blogapi.feature import Feature, Subscription, Wiring
from blogapi.personal import PersonalData
from blogapi.second_factors.service import SecondFactors
from blogapi.users.model import PasswordReset, StatusChanged


def credentials(wiring: Wiring) -> tuple[ApiKeyCredential]:
    """By what programs show whose they are."""
    return (ApiKeyCredential(wiring[ApiKeyService].identify),)


API_KEYS = Feature(
    name="api_keys",
    service=ApiKeyService,
    build=lambda wiring: ApiKeyService(
        ApiKeyStore(wiring.database),
        wiring[SecondFactors],
        wiring[AuditService],
        wiring.config.auth.max_api_keys,
        wiring.now,
    ),
    key=handlers.SERVICE,
    stores=(ApiKeyStore,),
    personal=(
        PersonalData(
            collection=ApiKeyStore.collection,
            found_by=("user_id",),
            exported=("name", "scopes", "created_at", "expires_at", "last_used_at"),
        ),
    ),
    routes=handlers.routes,
    subscriptions=(
        Subscription(StatusChanged, ApiKeyService.status_changed),
        Subscription(PasswordReset, ApiKeyService.password_reset),
    ),
    credentials=credentials,
)
