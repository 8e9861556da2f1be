"""What administrators set of the blog as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from blogapi.changes import Change, PublicChange, Versioned

ID = "settings"
"""Of the one document that there is."""

COMMENTS_POLICIES = ("open", "moderated", "closed")
MAX_TITLE = 200
MAX_DESCRIPTION = 500
MAX_POST_URL = 500
MAX_FEED_LENGTH = 100
MAX_CUSTOM_KEY = 64
CUSTOM_KEY = re.compile(rf"[a-z0-9_]{{1,{MAX_CUSTOM_KEY}}}")
"""What a field of one's own is called, in `custom` of a post."""

PLACEHOLDERS = ("slug", "id", "year", "month", "day", "lang")
# Each character in one way only, so that it is read in one go. Host and port have none of the placeholders.
POST_URL = (
    r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?/"
    rf"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#-]|%[0-9A-Fa-f]{{2}}|\{{(?:{'|'.join(PLACEHOLDERS)})\}})*"
)
_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """All that an administrator can set. Without a mode or a role of registrations, the configuration decides."""

    title: str = "Blog"
    description: str = ""
    lang: str = "en"
    timezone: str = "UTC"
    post_url: str | None = None
    comments_policy: str = "open"
    feed_length: int = 20
    registration_mode: str | None = None
    registration_role: str | None = None
    filterable: tuple[str, ...] = ()
    custom_schema: str | None = None  # JSON; as a document, it would have keys that MongoDB takes for operators

    def differing_from(self, other: Wish) -> list[str]:
        """The fields that have another value."""
        return [name for name in FIELDS if getattr(self, name) != getattr(other, name)]


FIELDS = tuple(member.name for member in fields(Wish))
PRIVATE_FIELDS = frozenset({"registration_role"})
"""What only administrators see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Wish, Versioned):
    """The settings as they are now. A mode and a role of registrations are always there: see `inherited`."""

    id: str = ID
    version: int = 1
    registration_mode: str = "open"
    registration_role: str = "author"
    inherited: tuple[str, ...] = ()
    """The fields that are as the configuration says."""

    changes: tuple[Change, ...] = ()
    public_change: PublicChange | None = None  # the last one that everybody can see
    created_at: datetime | None = None  # None, as the other time: nobody has set anything yet
    updated_at: datetime | None = None

    @property
    def wish(self) -> Wish:
        """What was set."""
        known: dict[str, Any] = {name: getattr(self, name) for name in FIELDS}
        return Wish(**(known | dict.fromkeys(self.inherited)))

    def address_of(self, *, post_id: str, slug: str, lang: str | None, published_at: datetime) -> str | None:
        """Where the front end shows a post, by `post_url`; None where nobody has said. The day is that of the blog."""
        if self.post_url is None:
            return None
        day = published_at.astimezone(ZoneInfo(self.timezone))
        values: Mapping[str, Any] = {
            "slug": slug,
            "id": post_id,
            "year": f"{day.year:04}",
            "month": f"{day.month:02}",
            "day": f"{day.day:02}",
            "lang": lang or self.lang,
        }
        return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), self.post_url)


def names_each_post(template: str) -> bool:
    """Whether no two posts have the same address by this template."""
    return not {"slug", "id"}.isdisjoint(_PLACEHOLDER.findall(template))
