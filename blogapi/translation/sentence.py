"""Messages for people: `say` marks one where it is written, so that each reader gets it in their own language.

What it returns is the English text, which can be logged, compared and made JSON like any other. It also remembers the
message that the catalogues translate, and what was filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LANGUAGES = ("en", "de", "fr", "es")
"""Those in which problems and mails are written, the default first."""


class Sentence(str):
    """An English text that can be had in other languages (`catalogue.in_language`)."""

    __slots__ = ("message", "params", "plural")
    message: str
    params: Mapping[str, Any]
    plural: str
    """The message for all counts but one; empty where nothing is counted."""

    def __new__(cls, message: str, plural: str, params: Mapping[str, Any]) -> Sentence:
        chosen = plural if plural and params["count"] != 1 else message
        sentence = super().__new__(cls, chosen.format_map(params))
        sentence.message, sentence.plural, sentence.params = message, plural, params
        return sentence

    # A copy is made by the constructor, which does not take the text.
    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.message, self.plural, self.params


def say(message: str, /, **params: object) -> Sentence:
    """A message with what is filled in: `say("There is no user {name!r}.", name=name)`.

    The message has to be a literal: it is what `scripts/translations` finds. A number is written in the reader's way
    where it stands as `{size:,}`. A parameter may itself be a Sentence.
    """
    return Sentence(message, "", params)


def say_many(one: str, many: str, count: int, /, **params: object) -> Sentence:
    """A message that depends on a number: `say_many("At most {count:,} item.", "At most {count:,} items.", most)`."""
    return Sentence(one, many, {"count": count, **params})


def verbatim(text: str) -> Sentence:
    """The words of somebody else, which are the same in all languages."""
    return Sentence("{text}", "", {"text": text})


def either(words: Sequence[str]) -> Sentence:
    """`a, b or c`: any of these words, which stay as they are; at least one."""
    *others, last = words
    return say("{some} or {last}", some=", ".join(others), last=last) if others else verbatim(last)
