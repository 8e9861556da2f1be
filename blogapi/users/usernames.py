"""Usernames for people who have not chosen one."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator

from blogapi.text.slug import ascii_words
from blogapi.text.visible import is_blank
from blogapi.users.logins import MAX_USERNAME, username_fault
from blogapi.users.model import MAX_DISPLAY_NAME

_FALLBACK = "reader"
# By number first, which people can remember; then by chance, so that a frequent name needs no hundred attempts.
_NUMBERED, _BY_CHANCE = 5, 5
_CHANCE_BYTES = 4


def usernames(wishes: Iterable[str]) -> Iterator[str]:
    """Names that are acceptable, best first, made of what people are called elsewhere. Somebody may have them."""
    base = next((name for name in map(_acceptable, wishes) if name), _FALLBACK)
    if username_fault(base) is None:
        yield base
    endings = [str(number) for number in range(2, 2 + _NUMBERED)]
    for ending in [*endings, *(secrets.token_hex(_CHANCE_BYTES) for _ in range(_BY_CHANCE))]:
        yield f"{base[: MAX_USERNAME - len(ending) - 1].rstrip('-')}-{ending}"


def _acceptable(wish: str) -> str:
    name = ascii_words(wish, MAX_USERNAME)
    return name if len(name) >= 3 else ""


def display_name_of(text: str) -> str | None:
    """A name that others have written, in one line; None when there is nothing to see in it."""
    name = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:MAX_DISPLAY_NAME]
    return None if is_blank(name) else name
