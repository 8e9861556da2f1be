"""Every message of the source is marked so that it can be found, and is translated into every language."""

import ast
import string
import subprocess
import sys
from functools import cache

import pytest

from blogapi.errors import BlogError
from blogapi.features import FEATURES
from blogapi.translation.extraction import PACKAGE, catalogue_of, messages_of
from blogapi.translation.sentence import LANGUAGES
from blogapi.web.fields import Coded, Message, Strict
from tests.servers import LONG

assert FEATURES  # which has brought in every error and every kind of field

MARKS = {"say": 1, "say_many": 2}
HOW = (
    "Run scripts/translations, then fill in each empty msgstr of blogapi/translation/{}.po. CONTRIBUTING.md: Messages."
)


def forms(message):
    """The message and its plural, or its translations."""
    return [message] if isinstance(message, str) else list(message)


def placeholders(text):
    """What is filled in and how, as `str.format` reads it."""
    return sorted(
        f"{name}{'!' + conversion if conversion else ''}:{spec}"
        for _, name, spec, conversion in string.Formatter().parse(text)
        if name is not None
    )


@cache
def messages():
    """All that the source marks: a text, or one for each form."""
    return [message.id for message in messages_of() if message.id]


def translations(language):
    """What has been translated, with all of its forms."""
    found = [each for each in catalogue_of(language) if each.id and each.string and all(forms(each.string))]
    return [each for each in found if not each.fuzzy]


@cache
def calls():
    """Every call of a function by name in the source: where, the name, the node."""
    return [
        (f"blogapi/{file.relative_to(PACKAGE)}:{node.lineno}", ast.unparse(node.func).rpartition(".")[2], node)
        for file in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    ]


def kinds_of(kind):
    """All classes that derive from one."""
    return {inner for each in kind.__subclasses__() for inner in (each, *kinds_of(each))}


def is_prose(node):
    """A text with blanks, f-string or not: codes, pointers and patterns have none."""
    is_text = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    return is_text and " " in ast.unparse(node)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_message_is_translated(language):
    translated = {each.id for each in translations(language)}
    assert [message for message in messages() if message not in translated] == [], HOW.format(language)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_translation_is_left_over(language):
    known = ["", *messages()]
    assert [each.id for each in catalogue_of(language) if each.id not in known] == [], HOW.format(language)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_translations_fill_in_the_same(language):
    for each in translations(language):
        wanted = {tuple(placeholders(form)) for form in forms(each.id)}
        assert {tuple(placeholders(form)) for form in forms(each.string)} == wanted, "Placeholders stay as they are."


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_translations_end_like_the_message(language):
    for each in translations(language):
        ends = {form[-1] in ".?!" for form in (*forms(each.id), *forms(each.string))}
        assert len(ends) == 1, f"A full stop for a sentence, none for a part of one: {each.string!r}"


def test_messages_are_literals_that_can_be_found():
    """An f-string or a variable would never reach the catalogues."""
    marked = [(where, text) for where, name, call in calls() if name in MARKS for text in call.args[: MARKS[name]]]
    hidden = [where for where, text in marked if not (isinstance(text, ast.Constant) and isinstance(text.value, str))]
    assert hidden == [], "The message of say and say_many has to be a literal."
    assert {text.value for _, text in marked} == {form for message in messages() for form in forms(message)}


def test_parameters_are_those_of_the_message():
    for where, name, call in calls():
        if name in MARKS and all(keyword.arg for keyword in call.keywords):
            given = {keyword.arg for keyword in call.keywords} | ({"count"} if name == "say_many" else set())
            texts = [text.value for text in call.args[: MARKS[name]]]
            assert given == {field for text in texts for _, field, *_ in string.Formatter().parse(text) if field}, where


def test_errors_take_no_bare_texts():
    """mypy asks for marked ones, too; this also looks at errors of marshmallow, and says what to do."""
    takes_one = {kind for kind in kinds_of(BlogError) if "Sentence" in kind.__init__.__annotations__.values()}
    errors = {kind.__name__ for kind in takes_one} | {"BlogError", "FieldError", "field", "ValidationError"}
    bare = [
        where
        for where, name, call in calls()
        if name in errors | {"Message", "wrong", "FullMatch", "invalid_parameter"}
        # Those about the configuration are for operators: they stand in the terminal.
        if not where.startswith("blogapi/config/")
        if any(map(is_prose, (*call.args, *(each.value for each in call.keywords if each.arg == "detail"))))
    ]
    assert bare == [], "Mark what people read with say(...). CONTRIBUTING.md: Messages."


def test_fields_bring_marked_messages():
    """Those of marshmallow, too: whoever adds a kind of field marks what it says."""
    for kind in kinds_of(Coded):
        said = {}
        for base in reversed(kind.__mro__):
            said |= vars(base).get("default_error_messages", {})
        # marshmallow's way to write times and to read those without a zone, which no field of ours goes.
        unused = {"format", "invalid_awareness"}
        assert [key for key, text in said.items() if type(text) is str and key not in unused] == [], kind
    assert all(isinstance(message, Message) for message in Strict().error_messages.values())


def test_a_start_does_not_load_babel():
    """It takes a tenth of a second, and most servers meet nobody who needs it at once."""
    found = subprocess.run(
        [sys.executable, "-c", "import sys, blogapi.app; print('babel' in sys.modules)"],
        capture_output=True,
        text=True,
        timeout=LONG,
        check=True,
    )
    assert found.stdout == "False\n"
