"""The door of proofs, which all flows with a code share."""

from __future__ import annotations

from blogapi.feature import Feature, Wiring
from blogapi.personal import PersonalData
from blogapi.proofs.service import Proofs
from blogapi.proofs.store import ProofStore


def build(wiring: Wiring) -> Proofs:
    """The service of proofs."""
    return Proofs(ProofStore(wiring.database), wiring.config.auth.secret, wiring.now)


PROOFS = Feature(
    name="proofs",
    service=Proofs,
    build=build,
    stores=(ProofStore,),
    personal=(PersonalData(collection=ProofStore.collection, found_by=("subject",)),),
)
