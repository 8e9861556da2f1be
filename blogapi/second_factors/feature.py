"""The door of second factors."""

from __future__ import annotations

from blogapi.feature import Feature, Wiring
from blogapi.second_factors import handlers
from blogapi.second_factors.codes import Codes
from blogapi.second_factors.letters import FactorLetters
from blogapi.second_factors.model import MAILS
from blogapi.second_factors.service import SecondFactors
from blogapi.users.service import UserService


def build(wiring: Wiring) -> SecondFactors:
    """The service of second factors."""
    config, users = wiring.config, wiring[UserService]
    codes = Codes(config.auth.secret, config.site)
    return SecondFactors(users, codes, FactorLetters(users), wiring.bus, config.auth.mfa.required_roles, wiring.now)


SECOND_FACTORS = Feature(
    name="second_factors",
    service=SecondFactors,
    build=build,
    key=handlers.SERVICE,
    routes=handlers.routes,
    mails=dict.fromkeys(MAILS, SecondFactors.letter),
)
