"""What holds for all files of one blog, and what they know of each other: addresses, slugs, languages."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from blogapi.importers.headings import ids_in
from blogapi.importers.ignored import Ignored
from blogapi.importers.inherited import Inherited
from blogapi.importers.languages import Languages
from blogapi.importers.layout import SUFFIXES
from blogapi.importers.model import Entry
from blogapi.importers.people import read_people
from blogapi.importers.site import Site, host_of, read_site
from blogapi.text.address import lookup_order
from blogapi.text.anchors import own_anchor
from blogapi.text.slug import slugify, with_suffix

_MOST_ADDRESSES = 4
_INDEXES = tuple(f"/index{ending}" for ending in SUFFIXES)


class Blog:
    """What is known of a blog beside the file at hand. `files` are the paths of those that are read.

    It learns of all posts before any of them is saved: what one file says may be about another one, read later.
    """

    def __init__(self, root: Path, files: Iterable[str]) -> None:
        self.root = root
        self.knows_all = False  # set it when all posts are learned
        self.languages = Languages(files)
        self.site: Site = read_site(root)
        self.people = read_people(root)
        self.inherited = Inherited(self.site)
        self.ignored = Ignored(self.site)
        self._slugs: Counter[str] = Counter()
        self._given: dict[str, str] = {}
        self._derived: dict[str, str] = {}
        self._addresses: dict[str, tuple[str, ...]] = {}  # those of a post, by its path
        self._posts: dict[str, str] = {}  # the slugs of posts, by their paths
        self._named: dict[str, list[str]] = defaultdict(list)  # their paths, by the name of the file or bundle
        self._versions: dict[tuple[str, str | None], str] = {}  # their paths, by work and language
        self._mains: dict[str, str] = {}  # the path of the version that has the plain address, by work
        self._taken: Counter[str] = Counter()
        self._ids: dict[str, frozenset[str]] = {}  # of the places in a post, by its slug

    def learn(self, entry: Entry) -> None:
        """Take note of a post, in the order of the files."""
        self._slugs.update({*entry.former_slugs, entry.slug or ""})
        for address in entry.addresses:
            self._given.setdefault(address, entry.path)
        for address in entry.places:
            self._derived.setdefault(address, entry.path)
        self._addresses[entry.path] = (entry.addresses or entry.places)[:_MOST_ADDRESSES]
        slug = entry.slug or slugify(entry.title)
        self._taken[slug] += 1
        # The second post of a slug gets a number when it is saved.
        self._posts[entry.path] = slug if self._taken[slug] == 1 else with_suffix(slug, self._taken[slug])
        if ids := ids_in(entry.body):
            self._ids[self._posts[entry.path]] = ids
        path, tongue = PurePosixPath(entry.path), self.languages.of(entry.path)
        for name in {path.name, path.stem, *([path.parent.name] if tongue.name == "index" else [])}:
            self._named[name].append(entry.path)
        self._versions.setdefault((tongue.work, tongue.lang), entry.path)
        if tongue.is_main:
            self._mains.setdefault(tongue.work, entry.path)

    def link_to(self, slug: str, anchor: str = "") -> str:
        """A link to a post, and to the place in it that the anchor (`#x`) of a link in a file means."""
        own_id = own_anchor(anchor[1:])
        return f"{slug}#{own_id}" if anchor and own_id in self._ids.get(slug, ()) else slug + anchor

    def slug_at(self, path: str, *, beside: str) -> str | None:
        """The slug of the post that a relative path in the file `beside` means, in the language of that file."""
        return self._first(posixpath.normpath(posixpath.join(posixpath.dirname(beside), path)), beside)

    def slug_below(self, path: str, *, beside: str) -> str | None:
        """The same of a path that begins where the site keeps its content, wherever that is."""
        path = posixpath.normpath(path.lstrip("/"))
        for root in ("", "content/", "src/content/", "src/", "source/"):
            if slug := self._first(root + path, beside):
                return slug
        name = posixpath.basename(path)
        for spelling in (name, name.removesuffix("/")):
            found = [
                known
                for known in self._named.get(spelling, ())
                if "/" not in path
                or f"/{known}".endswith((f"/{path}", *(f"/{path}{end}" for end in SUFFIXES + _INDEXES)))
            ]
            if len(found) == 1:
                return self._posts[found[0]]
        return None

    def slug_at_address(self, url: str, *, beside: str) -> str | None:
        """The slug of the post that stood at an address of the site, perhaps relative to those of the file `beside`."""
        if "://" in url:
            return self._slug_at([url]) if host_of(url) in self.site.hosts else None
        if url.startswith("/"):
            return self._slug_at([url])
        pages = self._addresses.get(beside, ())
        # A page is a folder to relative links where its address ends in a slash, which nobody tells.
        folders = [[f"{page}/{url}" for page in pages], [f"{posixpath.dirname(page)}/{url}" for page in pages]]
        asked = folders if url.startswith("..") else folders[::-1]
        if slug := self._slug_at([address for addresses in asked for address in addresses]):
            return slug
        path = unquote(url.partition("#")[0].partition("?")[0]).rstrip("/").removesuffix(".html")
        return self.slug_at(path, beside=beside) if path.strip("./") else None

    def _slug_at(self, urls: Iterable[str]) -> str | None:
        for url in urls:
            try:
                spellings = lookup_order(url)
            except ValueError:
                continue
            for address in spellings:
                if path := self._given.get(address, self._derived.get(address)):
                    return self._posts[path]
        return None

    def slug_named(self, name: str) -> str | None:
        """The slug of the only post whose file, or bundle, has this name."""
        found = self._named.get(posixpath.basename(name), [])
        found = [path for path in found if posixpath.splitext(path)[0].endswith(name)] or found
        return self._posts[found[0]] if len(found) == 1 else None

    def _first(self, path: str, beside: str) -> str | None:
        lang = self.languages.of(beside).lang
        for spelling in (path, *(path + ending for ending in SUFFIXES + _INDEXES)):
            if spelling in self._posts:
                tongue = self.languages.of(spelling)
                own = self._versions.get((tongue.work, lang), spelling)
                return self._posts[own if tongue.lang is None else spelling]
        stem = next((path.removesuffix(ending) for ending in SUFFIXES if path.endswith(ending)), path)
        for work in (stem, f"{stem}/index"):
            if found := self._versions.get((work, lang), self._mains.get(work)):
                return self._posts[found]
        return None

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
