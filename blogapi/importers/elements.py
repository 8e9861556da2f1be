"""HTML in Markdown that the sanitiser does not let through: what was embedded becomes a link, and all of it is told."""

from __future__ import annotations

import re
from bisect import bisect_right

from blogapi.importers.prose import Span, verbatim
from blogapi.importers.told import Told

_TAG = re.compile(
    r"<(iframe|video|audio|embed|source|object|script|style|form|svg|canvas)(?=[\s/>])([^<>]{0,2000})>",
    re.IGNORECASE,
)
_SOURCE = re.compile(
    r"\bsrc[ \t]{0,9}=[ \t]{0,9}(?:\"([^\"<>]{1,1000})\"|'([^'<>]{1,1000})'|([^\s\"'<>]{1,1000}))", re.IGNORECASE
)
_ADDRESS = re.compile(r"(?:https?:)?//[^\s\"'<>{}]+|[^\s\"'<>{}:]+")
_MARKDOWN = re.compile(
    r"""(<[A-Za-z][A-Za-z0-9]{0,20}+(?:[ \t][^<>\n]{0,300})?)[ \t]markdown=["']?(?:1|block|span)["']?"""
    r"""([^<>\n]{0,300}+>)[ \t]{0,9}\n"""
)
_MARKDOWN_ON_ONE_LINE = re.compile(
    r"""^(<(div|section|article|aside|header|footer|details|figure|blockquote)(?:[ \t][^<>\n]{0,300})?)"""
    r"""[ \t]markdown=["']?(?:1|block)["']?([^<>\n]{0,300}+>)([^<>\n]{1,1000})(</\2>)[ \t]{0,9}$""",
    re.MULTILINE,
)
# How far a tag may stand from the start of its line.
_DEEPEST = 40
_EMBEDDED = frozenset(("iframe", "video", "audio", "embed", "source"))


def to_links(body: str, first_line: int = 1) -> tuple[str, tuple[str, ...]]:
    """The body with links to what it had embedded, and what was done to it. No line comes or goes."""
    if _TAG.search(body) is None:
        return body, ()
    told, spans = Told(body, first_line), verbatim(body)
    starts = [start for start, _ in spans]
    out, at = list[str](), 0
    has_link = False
    for tag in _TAG.finditer(body):
        name = tag[1].lower()
        if _is_code(body, spans, starts, tag.start()):
            continue
        # A video has several sources, of which one is enough; those of a picture have another attribute.
        address = "" if name == "source" and has_link else _address(tag[2]) if name in _EMBEDDED else ""
        has_link = bool(address) or (name == "source" and has_link)
        if address:
            out += body[at : tag.start()], f'<a href="{address}">{address}</a>'
            at = tag.end()
            told.did(f"{name} made a link", tag.start())
        elif name != "source":
            told.did(f"{name} is not shown", tag.start())
    return "".join([*out, body[at:]]), told.notes


def with_markdown_inside(body: str) -> tuple[str, tuple[str, ...]]:
    """The body with a blank line behind each tag that says so: without one, what is inside it is HTML alone."""
    body, count = _MARKDOWN.subn(r"\1\2\n\n", body)
    body, more = _MARKDOWN_ON_ONE_LINE.subn(r"\1\3\n\n\4\n\n\5\n", body)
    count += more
    return body, (f"Markdown inside of HTML is set off by blank lines ({count} times)",) if count else ()


def _address(attributes: str) -> str:
    found = _SOURCE.search(attributes)
    address = next((group for group in found.groups() if group), "") if found else ""
    if not _ADDRESS.fullmatch(address):
        return ""
    return f"https:{address}" if address.startswith("//") else address


def _is_code(body: str, spans: list[Span], starts: list[int], at: int) -> bool:
    """Whether a tag is only shown, or hidden; a script at the start of a line is kept by its own tag."""
    index = bisect_right(starts, at) - 1
    if index < 0 or spans[index][1] <= at:
        return False
    start = spans[index][0]
    return at - start > _DEEPEST or body[start:at].strip(" \t>") != ""
