"""YAML as it was typed: the core rules of YAML 1.2 (chapter 10.3), and each value's spelling."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from blogapi.importers.model import Unfit


@dataclass(frozen=True, slots=True)
class Switch:
    """True or false as somebody typed it: a text where a text is wanted, and a truth everywhere else."""

    text: str
    is_on: bool

    def __str__(self) -> str:
        return self.text


def parse_yaml(block: str) -> Mapping[Any, Any]:
    """The fields of a block. Raises Unfit, with the line where there is one.

    Days are texts, as to the core rules. So is a number whose spelling says more than its value: `007`, `1.10`, `0x1F`.
    """
    try:
        values = yaml.load(block, Loader=_Loader)  # noqa: S506  a SafeLoader, only stricter
    except yaml.MarkedYAMLError as error:
        where = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise Unfit(f"broken YAML: {error.problem}{where}") from error
    except yaml.YAMLError as error:
        raise Unfit(f"broken YAML: {' '.join(str(error).split())}") from error
    except (ValueError, OverflowError) as error:  # a number that cannot be, or a day that a tag asks for
        raise Unfit(f"a value in the YAML is impossible: {error}") from error
    except (LookupError, AttributeError, TypeError) as error:  # a tag on what is none of its kind, such as `!!bool x`
        raise Unfit("a value in the YAML is not what its tag says") from error
    except RecursionError as error:
        raise Unfit("broken YAML: nested too deep") from error
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise Unfit("the front matter is not a list of fields with values")
    return values


def spelt_number(text: str, value: float) -> int | float | str:
    """A number, or its text where JSON would spell it otherwise: a name of digits keeps its zeros."""
    return value if str(value) == text else text


class _Loader(yaml.SafeLoader):
    """SafeLoader with YAML 1.2's words and numbers, without what no front matter needs: merge keys, and keys twice.

    Merge keys are expanded before anybody can see how large the result is.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # those of YAML 1.1 are not inherited

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, "merge keys (<<) are not supported", key.start_mark)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands there twice", key.start_mark)
            seen.add(key.value)
        return mapping

    def construct_switch(self, node: yaml.ScalarNode) -> Switch:
        return Switch(node.value, _SWITCHES[node.value.lower()])

    def construct_integer(self, node: yaml.ScalarNode) -> int | float | str:
        text = node.value
        if not _INTEGER.fullmatch(text):
            raise TypeError
        return spelt_number(text, int(text, 0 if text[:2] in ("0x", "0o") else 10))

    def construct_real(self, node: yaml.ScalarNode) -> int | float | str:
        text = node.value.lower()
        if not (_REAL.fullmatch(text) or _INTEGER.fullmatch(text)):
            raise TypeError
        return spelt_number(node.value, float(text.replace(".inf", "inf").replace(".nan", "nan")))


_SWITCHES = {"true": True, "false": False}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_REAL = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_NULL = re.compile(r"~|null|Null|NULL|")
_SWITCH = re.compile(r"true|True|TRUE|false|False|FALSE")

for _kind, _pattern, _first in (
    ("null", _NULL, ["~", "n", "N", ""]),
    ("bool", _SWITCH, list("tTfF")),
    ("int", _INTEGER, list("-+0123456789")),
    ("float", _REAL, list("-+.0123456789")),
    ("merge", re.compile("<<"), ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"(?:{_pattern.pattern})\Z"), _first)
_Loader.add_constructor("tag:yaml.org,2002:bool", _Loader.construct_switch)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_real)
