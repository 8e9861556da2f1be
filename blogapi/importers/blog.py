"""What holds for all files of one blog, and what they know of each other: addresses, slugs, languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from blogapi.importers.inherited import Inherited
from blogapi.importers.languages import Languages
from blogapi.importers.model import Entry
from blogapi.importers.site import Site, read_site


class Blog:
    """What is known of a blog beside the file at hand. `files` are the paths of those that are read.

    It learns of all posts before any of them is saved: what one file says may be about another one, read later.
    """

    def __init__(self, root: Path, files: Iterable[str]) -> None:
        self.root = root
        self.languages = Languages(files)
        self.inherited = Inherited(root)
        self.site: Site = read_site(root)
        self._slugs: Counter[str] = Counter()
        self._given: set[str] = set()
        self._derived: dict[str, str] = {}

    def learn(self, entry: Entry) -> None:
        """Take note of a post, in the order of the files."""
        self._slugs.update({*entry.former_slugs, entry.slug or ""})
        self._given.update(entry.addresses)
        for address in entry.places:
            self._derived.setdefault(address, entry.path)

    def settled(self, entry: Entry) -> Entry:
        """The post with those former slugs and addresses that are its own, once all posts are known.

        What another file says of itself in words counts more than what is derived from the place of this one.
        """
        own = [
            address for address in entry.places if address not in self._given and self._derived[address] == entry.path
        ]
        notes = entry.notes
        if entry.places and not entry.addresses and entry.places[0] not in own:
            notes += (f"its former address {entry.places[0]!r} is that of another file",)
        return replace(
            entry,
            former_slugs=tuple(slug for slug in entry.former_slugs if self._slugs[slug] == 1),
            addresses=tuple(dict.fromkeys([*entry.addresses, *own])),
            places=(),
            notes=notes,
        )
