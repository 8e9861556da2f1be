"""What can be read of configurations that are programs, without running them: values that are written out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r"""//[^\n]*+|/\*|"(?:[^"\\\n]++|\\.)*+"?|'(?:[^'\\\n]++|\\.)*+'?|`(?:[^`\\]++|\\.)*+`?|[\w$]++|[^\s]""", re.DOTALL
)
_OPENING, _CLOSING = "{[(", "}])"
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}
_DEEPEST = 8
_LONGEST_VALUE = 2_000
_BEFORE_A_METHOD = frozenset({"get", "set", "async", "*", "static"})
_EXPORTS = (["module", ".", "exports", "="], ["export", "default"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Literals:
    """The fields of an object that are written out, and by name what of the others is: an expression.

    A field of an inner object is `outer.inner`, what is spread into it `...`; the name is empty where there is no
    object that could be read.
    """

    values: dict[str, Any] = field(default_factory=dict)
    computed: dict[str, str] = field(default_factory=dict)


def literal_fields(program: str) -> Literals:
    """What a module of JavaScript exports: texts, truths, numbers, lists and objects of them."""
    tokens = _tokens(program)
    if not tokens:
        return Literals()
    starts = [at + len(mark) for at, mark in _found(tokens, *_EXPORTS)]
    exported = tokens[starts[0] :] if len(starts) == 1 else []
    if exported[:1] != ["{"]:
        return Literals(computed={"": " ".join(exported[:20])})
    return _fields(exported, 0)


def arguments_of(program: str, *calls: str) -> Iterator[str | None]:
    """The text with which a program of JavaScript calls each `name.of.function(`; None where it is computed."""
    tokens = _tokens(program)
    marks = [[*re.findall(r"\w+|\.", call), "("] for call in calls]
    for at, mark in _found(tokens, *marks):
        end = at + len(mark)
        argument = _scalar(tokens[end]) if tokens[end + 1 : end + 2] == [")"] else None
        yield argument if isinstance(argument, str) else None


def lists_of(program: str, name: str) -> Iterator[list[str] | None]:
    """Each list that a program of JavaScript gives to a field of this name, anywhere; None where it is computed."""
    tokens = _tokens(program)
    for mark in ([name, ":"], [f"'{name}'", ":"], [f'"{name}"', ":"]):
        for at, _ in _found(tokens, mark):
            is_written, value = _value(_member(tokens, at + 2), 0)
            if not is_written or not isinstance(value, list | str | None):
                yield None
            elif value:
                yield [value] if isinstance(value, str) else [str(item) for item in value]


def _tokens(program: str) -> list[str]:
    tokens, at = [], 0
    while found := _TOKEN.search(program, at):
        at = found.end()
        if found[0] == "/*":
            at = program.find("*/", at) + 2
            if at < 2:
                break
        elif not found[0].startswith("//"):
            tokens.append(found[0])
    return tokens


def _found(tokens: list[str], *marks: list[str]) -> Iterator[tuple[int, list[str]]]:
    for at, token in enumerate(tokens):
        for mark in marks:
            # `x == y` and `x => y` give nothing away.
            end = at + len(mark)
            is_it = token == mark[0] and tokens[at:end] == mark
            if is_it and not (mark[-1] == "=" and tokens[end : end + 1] in (["="], [">"])):
                yield at, mark


def _member(tokens: list[str], start: int) -> list[str]:
    """The tokens up to the comma or the bracket behind them."""
    depth = 0
    for at in range(start, min(start + _LONGEST_VALUE, len(tokens))):
        depth += (tokens[at] in _OPENING) - (tokens[at] in _CLOSING)
        if depth < 0 or (depth == 0 and tokens[at] in ",;"):
            return tokens[start:at]
    return tokens[start : start + _LONGEST_VALUE]


def _members(tokens: list[str]) -> Iterator[list[str]]:
    """What stands between the commas of the brackets that open the tokens."""
    depth, start = 0, 1
    for at, text in enumerate(tokens):
        depth += (text in _OPENING) - (text in _CLOSING)
        if depth == 0 or (depth == 1 and text == ","):
            if at > start:
                yield tokens[start:at]
            start = at + 1
        if depth == 0:
            return


def _fields(tokens: list[str], depth: int) -> Literals:
    found = Literals()
    for member in _members(tokens):
        if member[1:2] == [":"]:
            _take(found, _name(member[0]), member[2:], depth)
        else:
            names = [token for token in member[:3] if token not in _BEFORE_A_METHOD] or member
            is_named = names[0] not in (".", "[")
            found.computed[_name(names[0]) if is_named else "..."] = " ".join(member[:20])
    return found


def _take(found: Literals, name: str, tokens: list[str], depth: int) -> None:
    if tokens[:1] == ["{"] and tokens[-1] == "}" and depth < _DEEPEST:
        inner = _fields(tokens, depth + 1)
        found.values[name] = inner.values
        found.computed.update({f"{name}.{each}": expression for each, expression in inner.computed.items()})
        return
    is_written, value = _value(tokens, depth)
    if is_written:
        found.values[name] = value
    else:
        found.computed[name] = " ".join(tokens[:200])


def _name(token: str) -> str:
    return token.strip("\"'")


def _value(tokens: list[str], depth: int) -> tuple[bool, Any]:
    """Whether a value is written out, and which: a scalar, or a list of scalars."""
    if tokens[:1] == ["["] and tokens[-1] == "]":
        items = list(_members(tokens))
        if all(len(item) == 1 and _is_scalar(item[0]) for item in items):
            return True, [_scalar(item[0]) for item in items]
        return False, None
    return (True, _scalar(tokens[0])) if len(tokens) == 1 and _is_scalar(tokens[0]) else (False, None)


def _is_scalar(token: str) -> bool:
    return token in _WORDS or _scalar(token) is not None


def _scalar(token: str) -> Any:
    if token[0] in "\"'`" and len(token) > 1 and token[-1] == token[0] and not (token[0] == "`" and "${" in token):
        return token[1:-1].replace("\\'", "'").replace('\\"', '"')
    return int(token) if token.isdecimal() and len(token) < 10 else _WORDS.get(token)


def assigned_literals(program: str) -> Literals | None:
    """The names to which a program in Python gives values, at its top; None where it is no program."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = Literals()
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    _take_python(found, target.id, statement.value)
    return found


def _take_python(found: Literals, name: str, value: ast.expr) -> None:
    found.computed.pop(name, None)
    if not isinstance(value, ast.Dict):
        is_written, found.values[name] = _evaluated(value)
        found.computed.update({} if is_written else {name: ast.unparse(value)})
        return
    found.values[name] = table = dict[str, Any]()
    for key, inner in zip(value.keys, value.values, strict=True):
        inner_name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else "..."
        is_written, each = _evaluated(inner)
        if is_written and inner_name != "...":
            table[inner_name] = each
        else:
            found.computed[f"{name}.{inner_name}"] = ast.unparse(inner)


def _evaluated(node: ast.expr) -> tuple[bool, Any]:
    try:
        return True, ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False, None
