"""Administrators: the proof that the management of people and of the blog takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from blogapi.access.identity import OPERATOR, Identity, Viewer
from blogapi.errors import Forbidden, Unauthorized
from blogapi.ids import Id
from blogapi.translation.sentence import say


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who may manage the blog. It checks itself when it is made. Raises Unauthorized, Forbidden."""

    who: Viewer

    def __post_init__(self) -> None:
        if self.who is None:
            raise Unauthorized(say("Sign in first."))
        if not self.who.is_admin:
            raise Forbidden(say("Only administrators can do this."))

    @property
    def user_id(self) -> Id:
        """Who it is."""
        return cast("Identity", self.who).user_id


def as_operator() -> Administrator:
    """Whoever runs a command beside the server may do what an administrator may."""
    return Administrator(OPERATOR)
