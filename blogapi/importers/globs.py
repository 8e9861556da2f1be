"""Patterns of paths, as generators have them: `*`, `**`, `?`, `[a-z]`, `{a,b}`. Matched in one pass over the path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from blogapi.importers.model import Unfit

_LONGEST = 500
_MOST_SPELLINGS = 64
_EXTENDED = frozenset("@!+*?")  # before a parenthesis: `!(a|b)`

# Whether it may stay where it is, and which characters it takes.
_Step = tuple[bool, Callable[[str], bool]]


class Glob:
    """A pattern. With `crosses` its `*` and `?` take slashes, too. Raises Unfit where the pattern is not understood."""

    def __init__(self, pattern: str, *, crosses: bool = False) -> None:
        plain = pattern.removeprefix("./")
        if len(plain) > _LONGEST:
            raise Unfit(f"the pattern {plain[:40]!r}... is too long")
        self._spellings: list[list[_Step]] = []
        for spelling in _spellings(plain):
            self._spellings.append(_steps(spelling.strip("/"), crosses))

    def matches(self, path: str) -> bool:
        """Whether it means exactly this path."""
        return any(_fits(steps, path) for steps in self._spellings)

    def covers(self, path: PurePosixPath) -> bool:
        """Whether it means this path or a folder above it."""
        return any(self.matches(each.as_posix()) for each in (path, *path.parents) if each.parts)


def glob_of_expression(expression: str) -> Glob:
    """The glob that means what a simple regular expression finds in a path (Hugo's `ignoreFiles`). Raises Unfit."""
    rest = expression.removeprefix("^")
    glob = "" if rest != expression else "**"
    is_open = not rest.endswith("$") or rest.endswith("\\$")
    rest = rest if is_open else rest[:-1]
    at = 0
    while at < len(rest):
        character, following = rest[at], rest[at + 1 : at + 2]
        if character == "\\":
            if not following or following.isalnum():
                raise _not_understood(expression)
            glob, at = glob + _literally(following), at + 2
        elif character == "." and following in ("*", "+"):
            glob, at = glob + ("**" if following == "*" else "?**"), at + 2
        elif character == "[" and (end := rest.find("]", at + 2)) > 0 and "\\" not in rest[at:end]:
            glob, at = glob + rest[at : end + 1], end + 1
        elif character in "*+?{}|()[]^$":
            raise _not_understood(expression)
        else:
            glob, at = glob + ("?" if character == "." else _literally(character)), at + 1
    return Glob(glob + ("**" if is_open else ""), crosses=True)


def _literally(character: str) -> str:
    return f"\\{character}" if character in "*?[]{}\\" else character


def _not_understood(pattern: str) -> Unfit:
    return Unfit(f"the pattern {pattern[:60]!r} is not understood")


def _spellings(pattern: str) -> list[str]:
    """The pattern without alternatives: a spelling for each way through its braces, with and without each `**/`."""
    finished, waiting = [], [pattern]
    while waiting:
        spelling = waiting.pop()
        options = _first_options(spelling, pattern)
        if options is None:
            finished.append(spelling)
        else:
            waiting += options
        if len(finished) + len(waiting) > _MOST_SPELLINGS:
            raise Unfit(f"the pattern {pattern[:60]!r} has too many alternatives")
    return finished


def _first_options(spelling: str, pattern: str) -> list[str] | None:
    at = 0
    while at < len(spelling):
        character = spelling[at]
        if character == "\\":
            at += 1
        elif character == "[":
            at = _end_of_set(spelling, at, pattern)
        elif spelling.startswith("**/", at) and spelling[at - 1 : at] in ("", "/"):
            # Marked, so that it is not taken apart again: no folder at all, or any folders.
            return [spelling[:at] + spelling[at + 3 :], f"{spelling[:at]}**\\/{spelling[at + 3 :]}"]
        elif character == "{":
            before, options, behind = _alternatives(spelling, at, pattern)
            return [before + option + behind for option in options]
        elif character == "}" or (character in _EXTENDED and spelling[at + 1 : at + 2] == "("):
            raise _not_understood(pattern)
        at += 1
    return None


def _alternatives(spelling: str, opening: int, pattern: str) -> tuple[str, list[str], str]:
    depth, start, options, at = 0, opening + 1, list[str](), opening
    while at < len(spelling):
        character = spelling[at]
        if character == "\\":
            at += 1
        elif character == "[":
            at = _end_of_set(spelling, at, pattern)
        elif character == "{":
            depth += 1
        elif depth == 1 and character in ",}":
            options.append(spelling[start:at])
            start = at + 1
        if character == "}":
            depth -= 1
            if depth == 0:
                if len(options) < 2:
                    break
                return spelling[:opening], options, spelling[at + 1 :]
        at += 1
    raise _not_understood(pattern)


def _end_of_set(spelling: str, at: int, pattern: str) -> int:
    end = spelling.find("]", at + 2 + (spelling[at + 1 : at + 2] in ("!", "^")))
    if end < 0:
        raise _not_understood(pattern)
    return end


def _steps(spelling: str, crosses: bool) -> list[_Step]:
    steps: list[_Step] = []
    at = 0
    while at < len(spelling):
        character = spelling[at]
        if spelling.startswith("**", at):
            steps.append((True, _is_any))
            at += 2
        elif character in "*?":
            steps.append((character == "*", _is_any if crosses else _is_of_name))
            at += 1
        elif character == "[":
            end = _end_of_set(spelling, at, spelling)
            steps.append((False, _set(spelling[at + 1 : end])))
            at = end + 1
        else:
            at += character == "\\"
            steps.append((False, spelling[at : at + 1].__eq__))
            at += 1
    return steps


def _is_any(character: str) -> bool:
    return True


def _is_of_name(character: str) -> bool:
    return character != "/"


def _set(inner: str) -> Callable[[str], bool]:
    is_negated = inner[0] in "!^"
    inner = inner[is_negated:]
    single, ranges, at = set[str](), list[tuple[str, str]](), 0
    while at < len(inner):
        if inner[at + 1 : at + 2] == "-" and at + 2 < len(inner):
            ranges.append((inner[at], inner[at + 2]))
            at += 3
        else:
            single.add(inner[at])
            at += 1
    return lambda character: (
        (character in single or any(first <= character <= last for first, last in ranges)) != is_negated
    )


def _fits(steps: list[_Step], path: str) -> bool:
    """Follows all ways through the steps at once, so no character is looked at twice."""
    states = _reached(steps, {0})
    for character in path:
        following = set()
        for state in states:
            if state < len(steps) and steps[state][1](character):
                following.add(state if steps[state][0] else state + 1)
        if not following:
            return False
        states = _reached(steps, following)
    return len(steps) in states


def _reached(steps: list[_Step], states: set[int]) -> set[int]:
    """With those behind what may take nothing."""
    reached = set(states)
    for state in states:
        while state < len(steps) and steps[state][0] and state + 1 not in reached:
            state += 1
            reached.add(state)
    return reached
