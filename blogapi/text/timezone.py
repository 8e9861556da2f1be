"""Names of time zones, such as `Europe/Berlin` (IANA)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def timezone_names() -> frozenset[str]:
    """The names in the database of IANA. A host's own folder also holds what is none, such as `localtime`."""
    names = files("tzdata").joinpath("zones").read_text("utf-8").split()
    return frozenset(names) - {"Factory"}  # which stands for: not set yet
