"""The few Liquid tags of Jekyll that have an honest Markdown equivalent."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath

from blogapi.importers.dates import date_in_name
from blogapi.text.slug import slugify

# Neither alternative can run past the next brace, so a body of half a megabyte of `{%` is read once.
_TAG = re.compile(r"\{%([^%{}]*)%\}|\{\{([^{}]*)\}\}")
_SITE = re.compile(r"site\.(?:base)?url(?:\s*\|\s*append:\s*site\.baseurl)?")
_PREFIXED = re.compile(
    r"""(["'])(?P<path>[^"'|]*)\1\s*(?:\|\s*(?:relative_url|absolute_url|prepend:\s*site\.(?:base)?url)\s*)+"""
)
_LANGUAGE = re.compile(r"[\w+#.-]+")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r?\n|\Z)")


def to_markdown(body: str) -> tuple[str, tuple[str, ...]]:
    """The body without what only Jekyll understands, and what was done to it.

    Highlighted code becomes fenced code, `raw` markers go, `site.baseurl` and `site.url` before an address go, a link
    to another post becomes that post's slug, relative to this one. Everything else stays as it is.
    """
    reader = _Reader(body)
    text = reader.read()
    return text, tuple(f"Liquid: {what} ({count})" for what, count in sorted(reader.done.items()))


class _Reader:
    """Goes through the tags once. `_at` is how far the body has been taken over into `_out`."""

    def __init__(self, body: str) -> None:
        self.done: Counter[str] = Counter()
        self._body, self._at = body, 0
        self._out: list[str] = []
        self._raw: re.Match[str] | None = None
        self._code: tuple[re.Match[str], int] | None = None  # the opening tag, and where in _out its code begins

    def read(self) -> str:
        for tag in _TAG.finditer(self._body):
            words = (tag[1] or "").strip("-").split()
            if self._raw:
                if words == ["endraw"]:
                    self._end_raw(self._raw, tag)
            elif words == ["raw"]:
                self._raw = tag
            elif words[:1] == ["highlight"] and not self._code:
                self._replace(tag, "")
                self._code = tag, len(self._out)
            elif words == ["endhighlight"] and self._code:
                self._end_code(*self._code, tag)
            else:
                self._convert(tag, words)
        if self._code:  # never closed: put the tag back
            opening, begins = self._code
            self._out.insert(begins, opening[0])
        return "".join([*self._out, self._body[self._at :]])

    def _replace(self, tag: re.Match[str], by: str) -> None:
        self._out += self._body[self._at : tag.start()], by
        self._at = tag.end()

    def _end_raw(self, opening: re.Match[str], closing: re.Match[str]) -> None:
        self._replace(opening, "")
        self._replace(closing, "")
        self._raw = None
        self.done["raw markers removed"] += 1

    def _end_code(self, opening: re.Match[str], begins: int, closing: re.Match[str]) -> None:
        self._replace(closing, "")
        code = "".join(self._out[begins:])
        line = self._body[self._body.rfind("\n", 0, opening.start()) + 1 : opening.start()]
        break_ = "\r\n" if "\r\n" in code else "\n"
        language = next((word for word in (opening[1] or "").strip("-").split()[1:2] if _LANGUAGE.fullmatch(word)), "")
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
        indent = line if not line.strip() else ""
        self._out[begins:] = (
            break_ if line.strip() else "",
            f"{fence}{language}{break_}",
            re.sub(r"\A[ \t]*\r?\n", "", code).rstrip(),
            f"{break_}{indent}{fence}",
            "" if _REST_OF_LINE.match(self._body, self._at) else break_,
        )
        self._code = None
        self.done["highlight blocks made fenced code"] += 1

    def _convert(self, tag: re.Match[str], words: list[str]) -> None:
        expression = (tag[2] or "").strip("-").strip()
        prefixed = _PREFIXED.fullmatch(expression)
        slug = _slug_of_post(words)
        if prefixed or _SITE.fullmatch(expression):
            self._replace(tag, prefixed["path"] if prefixed else "")
            self.done["site addresses removed"] += 1
        elif slug:
            self._replace(tag, slug)
            self.done["links to posts made relative"] += 1
        else:
            self.done["tags left as they are"] += 1


def _slug_of_post(words: list[str]) -> str | None:
    """The slug in `post_url 2013-05-06-title` and in `link _posts/2013-05-06-title.md`."""
    if len(words) != 2 or words[0] not in ("post_url", "link"):
        return None
    target = PurePosixPath(words[1])
    if words[0] == "link" and "_posts" not in target.parts:
        return None
    day, title = date_in_name(target.stem if words[0] == "link" else target.name)
    return slugify(title, fallback="") or None if day else None
