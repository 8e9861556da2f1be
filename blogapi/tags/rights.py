"""Who may do what with a tag. What changes one takes a right to it, so to forget the check is an error of types."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from blogapi.access.identity import Identity
from blogapi.access.scopes import POSTS_PUBLISH
from blogapi.errors import Forbidden
from blogapi.tags.model import Tag
from blogapi.translation.sentence import say


@dataclass(frozen=True, slots=True)
class TagEditable:
    """A tag that somebody may change, and with it what readers see of posts. Raises Forbidden."""

    tag: Tag
    who: Identity

    def __post_init__(self) -> None:
        self.who.require_scope(POSTS_PUBLISH)
        if not self.tag.may_edit(self.who):
            raise Forbidden(say("Only an editor can change tags."))

    @property
    def id(self) -> str:
        """The id of the tag."""
        return self.tag.id

    @property
    def version(self) -> int:
        """The version of the tag."""
        return self.tag.version

    def merges(self, fields: Iterable[str], versions: frozenset[int]) -> bool:
        """Whether a change to an earlier version can be made to this one, see `Versioned`."""
        return self.tag.merges(fields, versions)
