"""What can be read of configurations that are programs, without running them: values that are written out."""

from __future__ import annotations

import ast
import re
from typing import Any

# The object that a module of JavaScript gives away.
_EXPORTED = re.compile(r"(?:module\.exports[ \t]{0,9}=|export[ \t]{1,9}default)")
_TOKEN = re.compile(
    r"""//[^\n]*+|/\*|"(?:[^"\\\n]++|\\.)*+"?|'(?:[^'\\\n]++|\\.)*+'?|`(?:[^`\\]++|\\.)*+`?|[\w$]++|[^\s]""", re.DOTALL
)
_OPENING, _CLOSING = "{[(", "}])"
_WORDS = {"true": True, "false": False, "null": None}


def literal_fields(program: str) -> dict[str, Any]:
    """The fields of the object that a module of JavaScript exports whose values are texts, truths or numbers.

    Lists of texts are read, too. What would have to be computed is left out.
    """
    exported = _EXPORTED.search(program)
    tokens = _tokens(program, exported.end()) if exported else []
    return _fields(tokens)


def _tokens(program: str, at: int) -> list[str]:
    tokens = []
    while found := _TOKEN.search(program, at):
        at = found.end()
        if found[0] == "/*":
            at = program.find("*/", at) + 2
            if at < 2:
                break
        elif not found[0].startswith("//"):
            tokens.append(found[0])
    return tokens


def _fields(tokens: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if not tokens or tokens[0] != "{":
        return fields
    depth = 0
    for at, token in enumerate(tokens):
        if depth == 1 and tokens[at - 1] in ("{", ",") and tokens[at + 1 : at + 2] == [":"]:
            value = _value(tokens, at + 2)
            if value is not None:
                fields[token.strip("\"'")] = value
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth == 0:
            break
    return fields


def _value(tokens: list[str], at: int) -> Any:
    if tokens[at : at + 1] == ["["]:
        end = next((index for index in range(at, min(at + 100, len(tokens))) if tokens[index] == "]"), at)
        items = [_scalar(item) for item in tokens[at + 1 : end : 2]]
        return items if items and all(isinstance(item, str) for item in items) else None
    # What goes on behind a scalar is an expression.
    return _scalar(tokens[at]) if tokens[at + 1 : at + 2] in ([","], ["}"]) else None


def _scalar(token: str) -> Any:
    if token[0] in "\"'`" and len(token) > 1 and token[-1] == token[0] and "${" not in token:
        return token[1:-1].replace("\\'", "'").replace('\\"', '"')
    return int(token) if token.isdecimal() and len(token) < 10 else _WORDS.get(token)


def assigned_literals(program: str) -> dict[str, Any]:
    """The names that a program in Python gives to values that are written out, at its top."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    values: dict[str, Any] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            try:
                value = ast.literal_eval(statement.value)
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(target, ast.Name):
                values[target.id] = value
    return values
