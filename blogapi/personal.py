"""What collections keep of people: where it stands, and what becomes of it when a person is erased.

Each feature declares that of its own collections, in its door. What erases people, what hands them their data, `doctor`
and the test that searches a dump of the database all read these declarations.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from blogapi.ids import Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose data it is."""

    id: Id
    addresses: tuple[str, ...] = ()
    """Their e-mail addresses, in the form in which addresses are compared (`email_key`)."""

    owns: Callable[[str], bool] = lambda _: False
    """Whether an e-mail address is one of theirs, however somebody has typed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """A file in the export of somebody's data. Its content comes in pieces, of which one at a time is in memory."""

    name: str
    content: AsyncIterator[bytes]

    @classmethod
    def of_bytes(cls, name: str, content: bytes) -> ExportedFile:
        """A small file that is at hand already."""
        return cls(name=name, content=_once(content))


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """What a collection keeps of people.

    Without `erase`, `pseudonym` and `keep`, documents of an erased person are removed. Else they stay, and every field
    is named in one of the three: by a path such as `working.authors`, which is also the fate of what stands below it,
    unless a longer path says otherwise. Raises ValueError for a declaration that contradicts itself.
    """

    collection: str
    found_by: tuple[str, ...] = ()
    """The fields that hold the ids of people whose document it is. An index begins with each."""

    found_by_address: tuple[str, ...] = ()
    """The fields that hold e-mail addresses of such people, in the form in which addresses are compared."""

    erase: frozenset[str] = frozenset()
    """What is taken out of a document that stays."""

    pseudonym: frozenset[str] = frozenset()
    """What says something neutral from then on, such as `erased-<id>` and `Deleted user`."""

    keep: frozenset[str] = frozenset()
    """What tells nobody who somebody was: ids, counts, times, and the texts of posts."""

    exported: tuple[str, ...] = ()
    """The fields that people find in the export of their data; no secrets, and nothing of others."""

    forget: Callable[[Any, Person], Awaitable[None]] | None = None
    """The method of the feature's service that does it. Without one, the documents that `found_by` finds are removed.
    It looks for what is left to do: it may be called again, and on several servers at once."""

    def __post_init__(self) -> None:
        fates = (self.erase, self.pseudonym, self.keep)
        if len(self.erase | self.pseudonym | self.keep) != sum(map(len, fates)):
            raise ValueError(f"{self.collection}: a field can have one fate only.")
        if self.forget is None and self.erase | self.pseudonym:
            raise ValueError(f"{self.collection}: no method erases what does not stay.")

    @property
    def is_removed(self) -> bool:
        """Whether the documents of an erased person are removed as a whole."""
        return not (self.erase | self.pseudonym | self.keep)

    def fate(self, path: str) -> str | None:
        """`erase`, `pseudonym` or `keep`; None for a field that nobody has declared."""
        if self.is_removed:
            return "erase"
        for known in _path_and_parents(path):
            for fate in ("erase", "pseudonym", "keep"):
                if known in getattr(self, fate):
                    return fate
        return None


def _path_and_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
