"""What an importer makes of a file: an entry, the same for every format, or the reason why there is none."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from blogapi.posts.copies import Cover, Seo
from blogapi.text.slug import ascii_words
from blogapi.users.logins import username_fault

_SHARP, _PLUS = re.compile(r"(?<=\w)#"), re.compile(r"(?<=\w)\+\+")
_APOSTROPHES = re.compile("['’ʼ]")
# Where an entry came from, and what people are told about it, is not part of the post.
_NOT_THE_POST = ("source", "path", "work", "notes")


class Unfit(ValueError):
    """A file that cannot become a post. The message is the reason, in words for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag under the name that it had in the other system."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One post of another system, whatever format it came from, made to fit a post of ours.

    `source` and `path` are its identity: a second import finds by them what the first one saved. `slug` is None where
    nothing but the title suggests one; two entries may have the same. `former_slugs` are the old addresses that can
    redirect by themselves; `former_urls` are all old addresses as they stood. `addresses` are their normal forms, and
    `places` those that follow from where the file lies, which may be another post's as well. `published_at` is aware
    UTC in whole milliseconds; it is None only in a draft, and in a page. Readers of the other system see the post from
    `opens_at` on and before `closes_at`. `authors` are names as they stood, perhaps none. `work` is the same for all
    entries that are one work in several languages. `notes` say what had to be changed.
    """

    source: str
    path: str
    kind: Literal["post", "page"] = "post"
    title: str
    body: str
    body_format: Literal["markdown", "html"]
    slug: str | None = None
    former_slugs: tuple[str, ...] = ()
    former_urls: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    published_at: datetime | None = None
    is_draft: bool = False
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    excerpt: str = ""
    lang: str | None = None
    cover: Cover | None = None
    seo: Seo = field(default_factory=Seo)
    custom: dict[str, Any] = field(default_factory=dict)
    work: str | None = None
    notes: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """The same for the same post in every run: what has not changed need not be saved again."""
        post = {name: value for name, value in asdict(self).items() if name not in _NOT_THE_POST}
        if self.kind == "post":
            del post["kind"]  # what was imported before there were pages has not changed
        return sha256(json.dumps(post, sort_keys=True, default=datetime.isoformat).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A file that should have become a post and did not."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A file that is no post, and need not be one."""

    file: str
    reason: str


def tag_key(name: str) -> str:
    """What is the same in two names of one tag: letters whatever their case, and not what joins words."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", spelt_out(name)).casefold())
    return " ".join("".join(letter if _is_of_a_word(letter) else " " for letter in _APOSTROPHES.sub("", text)).split())


def _is_of_a_word(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter).startswith("M")  # vowel signs are marks


def spelt_out(name: str) -> str:
    """A tag in words. Without this, C, C++ and C# would be one tag."""
    return _SHARP.sub("-sharp", _PLUS.sub("-plus-plus", name))


Found = Entry | Refusal | Skipped


def username_for(name: str) -> str:
    """A legal username for a byline: the name itself where it is one, else made from it, always the same one."""
    words = ascii_words(name, 100)
    for username in (name, words, f"{words}-author"):
        if username_fault(username) is None:
            return username
    # Without the digest, two long names or two names without a Latin letter could become one person.
    return f"{ascii_words(name, 23) or 'author'}-{sha256(name.encode()).hexdigest()[:8]}"
