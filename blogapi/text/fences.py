"""What follows the fence of a code block: the language in it, whatever else other tools read there."""

import re

# `c++`, `F#`, `objective-c`, `asp.net`; behind it, tools put options after all kinds of marks.
_LANGUAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+#.-]{0,39}+")
_WORD_ENDS = re.compile(r"[\s,;]++")
_PREFIXES = ("language-", "lang-")
# Classes that stand where a language may stand, and are none.
_NO_LANGUAGE = frozenset(("numberlines", "number-lines", "line-numbers", "linenos", "numberLines"))


def code_language(info: str) -> str:
    """The language, or nothing: `rust` of `rust,ignore`, `js` of `js{1,3}`, `python` of `{.python .x}`."""
    info = info[:1000].strip()
    if info.startswith("{"):
        braced, _, behind = info[1:].partition("}")
        word = _braced_language(braced) if not behind.strip() else behind.strip()
    else:
        word = info
    word = word.lstrip(".")
    for prefix in _PREFIXES:
        word = word.removeprefix(prefix)
    found = _LANGUAGE.match(word)
    if found is None or word[found.end() : found.end() + 1] == "=":  # `title=x` names no language
        return ""
    return found[0].rstrip(".-")


def _braced_language(text: str) -> str:
    """The first class in Pandoc's `{.python .x #id}`, or the first word in R Markdown's `{r name, echo=FALSE}`."""
    words = [word for word in _WORD_ENDS.split(text) if word]
    classes = (word[1:] for word in words if word.startswith(".") and word[1:].lower() not in _NO_LANGUAGE)
    first = words[0] if words and words[0][0].isalpha() and "=" not in words[0] else ""
    return first or next(classes, "")
