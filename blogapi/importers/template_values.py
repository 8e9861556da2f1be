"""What expressions of Liquid stand for: settings of the site, fields of the page, and filters that change little."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from blogapi.importers.conditions import UNKNOWN
from blogapi.importers.tags import piped

_MOST_VALUE = 1000
# Filters that change nothing that matters here.
_SAME = frozenset((
    "baseurl", "cgi_escape", "escape", "full_url_for", "htmlBaseUrl", "raw", "safe",
    "strip", "uri_escape", "url", "xml_escape",
))  # fmt: skip
_ADDRESSES = ("url", "baseurl", "github.url", "root")


class Values:
    """The values that a text can refer to, by `site.` and `page.`."""

    def __init__(self, site: Mapping[str, Any], page: Mapping[str, Any]) -> None:
        self._scopes = {"site": site, "page": page}

    def filled(self, text: str) -> str:
        """A text without `{{ site.baseurl }}` and the like in it."""
        if "{{" not in text:
            return text
        return re.sub(r"\{\{([^{}]{0,200})\}\}", lambda found: self.of(found[1].strip("- ")) or "", text)

    def of(self, expression: str) -> str | None:
        """The value of an expression with its filters, as text; None when it is not known."""
        first, *filters = piped(expression)
        value = self._operand(first)
        for each in filters:
            name, _, argument = each.partition(":")
            value = None if value is None else self._filtered(value, name.strip().partition("(")[0], argument)
        return value

    def _operand(self, text: str) -> str | None:
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
            return text[1:-1]
        scope, _, path = text.partition(".")
        value: Any = self._scopes.get(scope)
        for key in path.split(".") if value is not None else ():
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is None and scope == "site" and path in _ADDRESSES:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        return str(value) if len(str(value)) <= _MOST_VALUE else None

    def _filtered(self, value: str, name: str, argument: str) -> str | None:
        if name in _SAME:
            return value
        if name in ("absolute_url", "relative_url"):
            return self._in_site(value, is_absolute=name == "absolute_url")
        if name in ("prepend", "append"):
            other = self._operand(argument.strip())
            return None if other is None else other + value if name == "prepend" else value + other
        if name in ("upcase", "downcase"):
            return value.upper() if name == "upcase" else value.lower()
        return None

    def _in_site(self, path: str, *, is_absolute: bool) -> str:
        if "://" in path or path.startswith("#"):
            return path
        base = f"/{(self._operand('site.baseurl') or '').strip('/')}".rstrip("/")
        server = (self._operand("site.url") or "").rstrip("/") if is_absolute else ""
        return f"{server}{base}/{path.removeprefix('/')}"

    def for_condition(self, name: str) -> object:
        """The value that a condition asks for, or UNKNOWN."""
        scope, _, path = name.partition(".")
        value: Any = self._scopes.get(scope)
        for key in path.split("."):
            if not isinstance(value, Mapping) or key not in value:
                return UNKNOWN  # the generator may know it from elsewhere
            value = value[key]
        return value
