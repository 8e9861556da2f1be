"""Made-up texts in five languages, the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

from blogapi.errors import ConfigError

if TYPE_CHECKING:
    from faker import Faker

# Language, its data in faker, and how many of a hundred posts are written in it.
LANGUAGES = (("en", "en_US", 56), ("de", "de_DE", 16), ("fr", "fr_FR", 12), ("es", "es_ES", 10), ("ja", "ja_JP", 6))
SHARES = [share for *_, share in LANGUAGES]
BODIES_PER_LANGUAGE = 40
_VOCABULARY = 600

_TAGS = """\
python databases gardening travel cooking photography music cycling books history science space climate design
typography privacy security networking open-source testing performance debugging career remote-work writing
teaching parenting health running hiking sailing trains architecture cities economics politics law art film theatre
games chess mathematics statistics physics biology chemistry medicine farming birds forests oceans weather coffee
tea bread woodworking electronics robotics radio maps languages philosophy
"""
TAGS = tuple(_TAGS.split())


def repeatable(name: str) -> Random:
    """The same numbers for the same name, whenever and wherever."""
    return Random(name)  # noqa: S311 (nothing secret comes of it)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who does not exist."""

    username: str
    display_name: str
    bio: str


def load_faker() -> type[Faker]:
    """Raises ConfigError when the extra `seed` is not installed."""
    try:
        from faker import Faker
    except ImportError:
        raise ConfigError(
            "Made-up content needs the extra `seed`, which is not installed: pip install 'blogapi[seed]'."
        ) from None
    return Faker


class Language:
    """Words, titles and bodies in one language."""

    def __init__(self, seed: int, tag: str, locale: str, body_bytes: int) -> None:
        self.tag = tag
        self._body_bytes = body_bytes
        self._name = f"{seed}:{tag}"
        self._faker = load_faker()(locale)
        self._bodies: dict[int, str] = {}

    @cached_property
    def _words(self) -> list[str]:
        self._faker.seed_instance(self._name)
        return sorted({str(word) for word in self._faker.words(_VOCABULARY)})

    @property
    def _gap(self) -> str:
        return "" if self.tag == "ja" else " "

    def title(self, random: Random) -> str:
        """A few words, the first one with a capital."""
        return self._phrase(random, 3, 8)

    def sentence(self, random: Random) -> str:
        """A longer row of words."""
        return self._phrase(random, 6, 18) + ("。" if self.tag == "ja" else ".")

    def paragraph(self, random: Random, sentences: int = 5) -> str:
        """A few sentences."""
        return self._gap.join(self.sentence(random) for _ in range(sentences))

    def _phrase(self, random: Random, least: int, most: int) -> str:
        text = self._gap.join(random.choices(self._words, k=random.randint(least, most)))
        return text[:1].upper() + text[1:]

    def body(self, number: int) -> str:
        """One of the bodies of this language: Markdown with all that it offers. Their sizes differ."""
        if number not in self._bodies:
            self._bodies[number] = self._write(repeatable(f"{self._name}:{number}"))
        return self._bodies[number]

    def _write(self, random: Random) -> str:
        wanted = self._body_bytes * random.uniform(0.5, 1.5) * 0.9  # the last section goes beyond it
        blocks = [self.paragraph(random)]
        kinds = [self._list, self._code, self._table, self._quote, self._tasks, self._links, self._note]
        notes = 0
        while sum(len(block.encode()) for block in blocks) < wanted:
            blocks.append(f"## {self.title(random)}")
            blocks += [self.paragraph(random, random.randint(3, 7)) for _ in range(random.randint(2, 4))]
            if random.random() < 0.4:
                blocks += [f"### {self.title(random)}", self.paragraph(random)]
            kind: Callable[[Random, int], str] = random.choice(kinds)
            blocks.append(kind(random, notes := notes + 1))
        return "\n\n".join(blocks) + "\n"

    def _list(self, random: Random, _: int) -> str:
        mark = random.choice(["-", "1."])
        return "\n".join(f"{mark} **{self.title(random)}**: {self.sentence(random)}" for _ in range(5))

    def _code(self, random: Random, _: int) -> str:
        names = [f"step_{random.randint(1, 99)}" for _ in range(6)]
        calls = "\n".join(f"    {name}(value, limit={random.randint(1, 500)})" for name in names)
        return f"```python\ndef main(value: int) -> None:\n{calls}\n```"

    def _table(self, random: Random, _: int) -> str:
        rows = [f"| {self.title(random)} | {random.randint(1, 9999)} | `{random.random():.3f}` |" for _ in range(5)]
        return "\n".join([f"| {self.title(random)} | # | % |", "|--|--:|--|", *rows])

    def _quote(self, random: Random, _: int) -> str:
        return f"> {self.paragraph(random, 3)}\n>\n> *{self.title(random)}*"

    def _tasks(self, random: Random, _: int) -> str:
        return "\n".join(f"- [{random.choice(' x')}] {self.sentence(random)}" for _ in range(4))

    def _links(self, random: Random, _: int) -> str:
        pages = [f"[{self.title(random)}](https://www.example.org/{random.randint(1, 9999)})" for _ in range(3)]
        between = f"*{self.title(random)}* ~~{self.title(random)}~~"
        return f"{self.sentence(random)} {pages[0]}, {pages[1]} {between} {pages[2]}."

    def _note(self, random: Random, number: int) -> str:
        return f"{self.sentence(random)[:-1]}[^{number}]\n\n[^{number}]: {self.sentence(random)}"


class Texts:
    """Everything that is made up for one seed."""

    def __init__(self, seed: int, body_bytes: int) -> None:
        self.seed = seed
        self.languages = [Language(seed, tag, locale, body_bytes) for tag, locale, _ in LANGUAGES]

    def person(self, number: int) -> Person:
        """The person of this number. Usernames are unique by their number."""
        faker = load_faker()("en_US")
        faker.seed_instance(f"{self.seed}:person:{number}")
        numbers = repeatable(f"{self.seed}:bio:{number}")
        given, family = faker.first_name(), faker.last_name()
        return Person(
            username=f"{given}-{family}".lower().replace("'", "")[:26].rstrip("-") + f"-{number + 1}",
            display_name=f"{given} {family}",
            bio=f"{faker.job()}, *{faker.city()}*. {self.languages[0].sentence(numbers)}",
        )
