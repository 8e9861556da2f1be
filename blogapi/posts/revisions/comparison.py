"""Two revisions of a post, compared field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from blogapi.posts.copies import RENDERED_FIELDS, Working, differences
from blogapi.text.difference import Difference

# The fields that are compared word by word.
TEXTS = ("title", "excerpt", "body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What leads from one revision of a post to another; either may be the newer one.

    `texts` are those that differ, by the names of their fields.
    """

    post_id: str
    before: Working
    after: Working
    texts: Mapping[str, Difference]

    @property
    def fields(self) -> list[str]:
        """The fields that differ. What is rendered is none of them, since it follows from the body."""
        return [name for name in differences(self.before, self.after) if name not in RENDERED_FIELDS]


def differing_texts(before: Working, after: Working) -> dict[str, tuple[str, str]]:
    """The texts that differ, before and after, by the names of their fields."""
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in TEXTS}
    return {name: (one, other) for name, (one, other) in pairs.items() if one != other}
