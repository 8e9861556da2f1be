"""MDX: Markdown with JavaScript in it. Imports, exports, components and expressions are no text for readers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from blogapi.importers.pictures import embedded, picture
from blogapi.importers.prose import verbatim
from blogapi.importers.told import Told

_ESM = re.compile(r"(?:import|export)\b[ \t{*\"']")
_IMPORTED = re.compile(r"""import[ \t]+([A-Za-z_$][\w$]*)[ \t]+from[ \t]+["']([^"'\n]{1,500})["']""")
_COMPONENT = re.compile(r"</?([A-Z][\w.]*|[a-z]\w*\.[\w.]+)(?=[\s/>])")
_ELEMENT = re.compile(r"<[a-z][a-z0-9-]*(?=\s)")
_ATTRIBUTE = re.compile(
    r"""(?<![\w:.-])([A-Za-z_][\w:.-]*+)\s*+=\s*+(?:"([^"]*)"|'([^']*)'"""
    r"""|\{[ \t]*["'`]([^"'`{}]*)["'`][ \t]*\}|\{[ \t]*([A-Za-z_$][\w$]*+)[ \t]*\})"""
)
_PICTURES = frozenset({"Image", "Img", "Figure", "Picture", "ImageFigure", "Photo"})
_BRACE = re.compile("[{}]")
_SPECIAL = re.compile(r"[<{\\]")
_LONGEST = 20_000


def to_markdown(body: str, first_line: int = 1) -> tuple[str, tuple[str, ...]]:
    """The body without JavaScript, and what was done to it. Text inside components stays."""
    reader = _Reader(body, first_line)
    return reader.read(), reader.told.notes


class _Reader:
    """Goes through the text once. `_at` is how far it has been taken over into `_out`."""

    def __init__(self, body: str, first_line: int) -> None:
        self._body, self._at = body, 0
        self.told = Told(body, first_line)
        self._out: list[str] = []
        self._imported: dict[str, str] = {}
        self._budget = 20 * len(body) + _LONGEST
        self._braces = _pairs(body)

    def read(self) -> str:
        kept = [(start, end, False) for start, end in verbatim(self._body)]
        modules = [(start, end, True) for start, end in self._modules(kept)]
        position = 0
        for start, end, is_module in [*sorted([*kept, *modules]), (len(self._body), len(self._body), False)]:
            if start < position:
                continue
            self._prose(position, start)
            if is_module:
                self._take_module(start, end)
            position = max(end, self._at)
        return "".join([*self._out, self._body[self._at :]])

    def _modules(self, kept: list[tuple[int, int, bool]]) -> Iterator[tuple[int, int]]:
        """Statements of JavaScript: from a line that begins one, after a blank line, to the next blank line."""
        blocks = iter(kept)
        block = next(blocks, None)
        at, is_free = 0, True
        while at < len(self._body):
            end = self._body.find("\n", at) + 1 or len(self._body)
            while block and block[1] <= at:
                block = next(blocks, None)
            is_kept = block is not None and block[0] <= at
            if is_free and not is_kept and _ESM.match(self._body, at):
                start = at
                while end < len(self._body) and self._body[at:end].strip():
                    at, end = end, self._body.find("\n", end) + 1 or len(self._body)
                stop = end if self._body[at:end].strip() else at
                yield start, stop
                at = max(stop, at)
                is_free = True
                if stop >= len(self._body):
                    return
                continue
            is_free = not self._body[at:end].strip()
            at = end

    def _take_module(self, start: int, end: int) -> None:
        for found in _IMPORTED.finditer(self._body, start, end):
            self._imported[found[1]] = found[2]
        line = self._body.find("\n", start)
        self.told.took(self._body[start : min(end, line if line >= 0 else end)], start)
        self._replace(start, end, "")

    def _prose(self, start: int, end: int) -> None:
        position = start
        while position < end:
            found = _SPECIAL.search(self._body, position, end)
            if found is None:
                return
            position = found.start()
            if found[0] == "\\":
                position += 2
            elif found[0] == "{":
                position = self._expression(position, end)
            else:
                position = self._tag(position, end)

    def _expression(self, start: int, end: int) -> int:
        # `{#id}` of a heading is Markdown that we know, not an expression.
        stop = None if self._body.startswith("{#", start) else self._closing(start, end)
        if stop is None:
            return start + 1
        inner = self._body[start + 1 : stop - 1].strip()
        if len(inner) > 1 and inner[0] == inner[-1] and inner[0] in "\"'" and inner[0] not in inner[1:-1]:
            self.told.did("texts in braces written out", start)
            return self._replace(start, stop, inner[1:-1])
        self.told.took(self._body[start:stop], start)
        return self._replace(start, stop, "")

    def _tag(self, start: int, end: int) -> int:
        found = _COMPONENT.match(self._body, start, end) or (
            None if not self._body.startswith(("<>", "</>"), start) else re.compile("</?").match(self._body, start)
        )
        if found is None:
            return self._element(start, end)
        stop = self._end_of_tag(found.end(), end)
        if stop is None:
            return start + 1
        whole, name = self._body[start:stop], (found[1] if found.re is _COMPONENT else "") or ""
        text = self._shown(name, whole) if not whole.startswith("</") else None
        if text is None:
            self.told.took(whole, start)
        else:
            self.told.did(f"{name} written as Markdown", start)
        return self._replace(start, stop, text or "")

    def _element(self, start: int, end: int) -> int:
        """An element of HTML: of its attributes those go that JavaScript would fill in."""
        found = _ELEMENT.match(self._body, start, end)
        stop = self._end_of_tag(found.end(), end) if found else None
        if stop is None or "{" not in self._body[start:stop]:
            return start + 1 if stop is None else stop
        fields = self._fields(self._body[start:stop])
        attributes = "".join(f' {name}="{value}"' for name, value in fields.items() if '"' not in value)
        closing = "/>" if self._body[stop - 2] == "/" else ">"
        self.told.did("attributes in JavaScript removed", start)
        assert found is not None
        return self._replace(start, stop, f"{found[0]}{attributes}{closing}")

    def _shown(self, name: str, whole: str) -> str | None:
        fields = self._fields(whole)
        if name in _PICTURES:
            return picture(fields)
        return embedded(name, [], fields)

    def _fields(self, whole: str) -> dict[str, str]:
        fields: dict[str, str] = {}
        for found in _ATTRIBUTE.finditer(whole):
            value = next((group for group in found.groups()[1:4] if group is not None), None)
            value = self._imported.get(found[5]) if value is None else value
            if value is not None:
                fields["class" if found[1] == "className" else found[1]] = value
        return fields

    def _end_of_tag(self, start: int, end: int) -> int | None:
        """Behind the `>` that ends a tag, past quotes and braces; None when there is none."""
        position, quote = start, ""
        while position < min(end, start + _LONGEST) and self._spend(1):
            character = self._body[position]
            if quote:
                quote = "" if character == quote else quote
            elif character in "\"'":
                quote = character
            elif character == "{":
                stop = self._closing(position, end)
                if stop is None:
                    return None
                position = stop
                continue
            elif character == ">":
                return position + 1
            elif character == "<":
                return None
            position += 1
        return None

    def _closing(self, start: int, end: int) -> int | None:
        """Behind the brace that closes the one at `start`; None when there is none."""
        closing = self._braces.get(start)
        return None if closing is None or closing >= end else closing + 1

    def _spend(self, steps: int) -> bool:
        """Tags that nothing closes are looked at again from each of them; this bounds it."""
        self._budget -= steps
        return self._budget > 0

    def _replace(self, start: int, end: int, by: str) -> int:
        self._out += self._body[self._at : start], by
        self._at = end
        return end


def _pairs(text: str) -> dict[int, int]:
    """Where each opening brace is closed."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for brace in _BRACE.finditer(text):
        if brace[0] == "{":
            opened.append(brace.start())
        elif opened:
            pairs[opened.pop()] = brace.start()
    return pairs
