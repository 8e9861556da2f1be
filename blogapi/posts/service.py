"""What can be done with posts, and by whom. REST, the command line and imports all use it."""

from __future__ import annotations

from dataclasses import dataclass

from blogapi.posts.bylines import Bylines
from blogapi.posts.counts import Counts
from blogapi.posts.custom.service import CustomFields
from blogapi.posts.exporting import Exporting
from blogapi.posts.leftovers import Leftovers
from blogapi.posts.previews.service import Previews
from blogapi.posts.reading import Reading
from blogapi.posts.revisions.service import Revisions
from blogapi.posts.schedules.service import Schedules
from blogapi.posts.states.service import States
from blogapi.posts.tagging import Tagging
from blogapi.posts.translations.service import Translations
from blogapi.posts.writing import Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class PostService:
    """The parts of the service. What changes a post takes a right to it: `reading.get(Editable, who, post_id)`."""

    reading: Reading
    writing: Writing
    states: States
    schedules: Schedules
    revisions: Revisions
    previews: Previews
    translations: Translations
    bylines: Bylines
    counts: Counts
    tagging: Tagging
    custom: CustomFields
    leftovers: Leftovers
    exporting: Exporting
