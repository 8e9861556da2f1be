"""Ways to run the tests of tier 2: on which driver, and with the read cache or without."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from blogapi.db.driver import PYMONGO


@dataclass(frozen=True, slots=True)
class Setup:
    """How a test runs."""

    driver: str
    is_cached: bool


# What the options of the command line leave out.
OTHER = Setup(PYMONGO, is_cached=True)


def chosen_setup(config: pytest.Config) -> Setup:
    """What the options of the command line say."""
    return Setup(config.getoption("driver"), config.getoption("cached"))


def parametrize_both(metafunc: pytest.Metafunc) -> None:
    """Have a test of tier 2 that could tell the difference run in both setups: as chosen, and in the other."""
    marks = metafunc.definition
    is_of_tier_2 = marks.get_closest_marker("mongod") or "database" in metafunc.fixturenames
    if is_of_tier_2 and not marks.get_closest_marker("any_driver"):
        setups = [chosen_setup(metafunc.config), OTHER]
        metafunc.parametrize("setup", setups, ids=[pytest.HIDDEN_PARAM, OTHER.driver], indirect=True)


def is_needless(item: pytest.Item) -> bool:
    """Whether it is a test of tier 1 that `parametrize_both` has doubled: the mock knows one setup."""
    callspec = getattr(item, "callspec", None)
    return callspec and callspec.params.get("setup") == OTHER and not item.get_closest_marker("mongod")
