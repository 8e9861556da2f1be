"""Addresses at which a post once stood, in one spelling: however they are typed, encoded or linked, they meet.

Host, fragment, capitals, Unicode's forms, percent-encoding, slashes and the endings of pages do not matter. A query
does where the path alone names no post, as in `/?p=123`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

MAX_ADDRESS = 2000

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ENDING = re.compile(r"\.(?:x?html?|md|php|aspx?)\Z")
_DIRECTORY_PAGES = frozenset({"index", "default"})
# By these names a query says which post it means, whatever its path.
_POST_PARAMETERS = frozenset((
    "aid", "article", "article_id", "articleid", "entry", "entry_id", "entryid", "id", "item_id", "itemid", "nid", "p",
    "page_id", "pid", "post", "post_id", "postid", "sid", "story", "story_id", "storyid",
))  # fmt: skip
# At the root and at a script, any query may say it but those by which visits are counted.
_COUNTING = re.compile(r"utm_.*|fbclid|gclid|dclid|msclkid|yclid|mc_[ce]id|_ga|ref|source|share|replytocom")
_SCRIPT = re.compile(r".*\.(?:php|aspx?|cgi|pl|jsp|cfm|do)", re.DOTALL)
_MOST_PARAMETERS = 20


def normal_address(text: str) -> str | None:
    """The one spelling of an address; None for what names no post: the front page, or an address that is none."""
    try:
        path, query = _parts(text)
    except ValueError:
        return None
    address = f"{path}?{query}" if query else path
    return None if address == "/" or len(address) > MAX_ADDRESS else address


def lookup_order(text: str) -> tuple[str, ...]:
    """The spellings under which to look an address up, the narrowest first. Raises ValueError if it is no address."""
    path, query = _parts(text)
    spellings = (f"{path}?{query}", path) if query else (path,)
    return tuple(spelling for spelling in spellings if len(spelling) <= MAX_ADDRESS)


def _parts(text: str) -> tuple[str, str]:
    text = text.strip()
    if not text or len(text) > MAX_ADDRESS or _CONTROL.search(text):
        raise ValueError("It is empty, too long, or has control characters.")
    rest = text.partition("#")[0]
    if scheme := _SCHEME.match(rest):
        if scheme[1].lower() not in ("http", "https") or not rest.startswith("//", scheme.end()):
            raise ValueError("It is no address of a page.")
        rest = rest[scheme.end() :]
    path, _, query = rest.partition("?")
    if path.startswith("//"):
        _, slash, path = path[2:].partition("/")
        path = slash + path
    decoded = _decoded(path)
    if _CONTROL.search(decoded):
        raise ValueError("It has control characters.")
    parts = _resolved(decoded.split("/"))
    is_script = not parts or _SCRIPT.fullmatch(parts[-1]) is not None
    return "/" + "/".join(_without_ending(parts)), _naming(query, is_script=is_script)


def _decoded(text: str) -> str:
    raw = unquote_to_bytes(text)
    try:
        plain = raw.decode()
    except UnicodeDecodeError:  # blogs from before UTF-8
        plain = raw.decode("latin-1")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", plain).casefold())


def _resolved(parts: Iterable[str]) -> list[str]:
    resolved: list[str] = []
    for part in map(str.strip, parts):
        if part == "..":
            del resolved[-1:]
        elif part not in ("", "."):
            resolved.append(part)
    return resolved


def _without_ending(parts: list[str]) -> list[str]:
    if not parts:
        return parts
    last = _ENDING.sub("", parts[-1])
    return [*parts[:-1], *([last] if last and last not in _DIRECTORY_PAGES else [])]


def _naming(query: str, *, is_script: bool) -> str:
    """What of the query says which post is meant, in the order of the names."""
    if not query:
        return ""
    pairs = [
        part.partition("=") for part in query.replace("&amp;", "&").split("&", _MOST_PARAMETERS)[:_MOST_PARAMETERS]
    ]
    values = sorted({(_decoded(name), _decoded(value)) for name, _, value in pairs if name and value})
    named = [(name, value) for name, value in values if name in _POST_PARAMETERS]
    if not named and is_script:
        named = [(name, value) for name, value in values if not _COUNTING.fullmatch(name)]
    if any(_CONTROL.search(name + value) for name, value in named):
        raise ValueError("It has control characters.")
    return "&".join(f"{name}={value}" for name, value in named)
