"""Who reads posts, and in which public lists they stand."""

from __future__ import annotations

from blogapi.access.identity import Viewer

VISIBILITIES = ("public", "unlisted", "members", "private")
WHO_READS = (
    "Who can read the live copy. `public`: everybody. `unlisted`: everybody, but no list has it. `members`: any"
    " signed-in user. `private`: its authors and editors."
)
# The audience of live copies in public lists. That of pages is another one, so that no list and no count of posts has
# them, and their own lists are served by the same indexes.
LISTED_AS = {"post": "public", "page": "public_page"}


def audience_of(visibility: str, kind: str) -> str:
    """Who reads a post of this kind while it is published, and in which public lists it stands."""
    return LISTED_AS[kind] if visibility == "public" else visibility


_EVERYBODY = (*LISTED_AS.values(), "unlisted")
READERS = (*_EVERYBODY, "members")


def audiences_of(who: Viewer) -> tuple[str, ...]:
    """The audiences that somebody belongs to. They see posts that are live for one of these."""
    return _EVERYBODY if who is None else READERS
