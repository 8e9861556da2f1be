"""The door of the keys that sign access tokens."""

from __future__ import annotations

from blogapi.audit.service import AuditService
from blogapi.config.secret import derive_key
from blogapi.feature import Feature, Wiring
from blogapi.jobs.runner import every
from blogapi.signing import handlers
from blogapi.signing.service import KeyRing
from blogapi.signing.store import SigningKeyStore

_REFRESH_SECONDS = 60


def build(wiring: Wiring) -> KeyRing:
    """The key ring of this process. It is read when it is first needed."""
    key = derive_key(wiring.config.auth.secret, "signing-keys")
    return KeyRing(SigningKeyStore(wiring.database), key, wiring[AuditService], wiring.now)


SIGNING = Feature(
    name="signing",
    service=KeyRing,
    build=build,
    key=handlers.SERVICE,
    stores=(SigningKeyStore,),
    routes=handlers.routes,
    jobs=(every(_REFRESH_SECONDS, KeyRing.refresh_key_ring, done="signing keys removed whose tokens have all ended"),),
)
