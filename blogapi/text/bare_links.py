"""Addresses that stand in a text without any mark become links, as in GitHub's Markdown.

`https://`, `http://` and `www.` begin an address, up to white space or `<`. Sentence marks at its end are not part of
it, nor are those of Chinese and Japanese anywhere in it, whose sentences have no spaces. `name@example.org` is an
address, too. GFM specification, section 6.9.
"""

import re
from functools import lru_cache
from typing import cast

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

# Two of these cannot begin within each other, and each looks at 65 characters at most: a text is read once.
_START = r"(?<![A-Za-z0-9])https?://(?=[^\W_])|(?<![A-Za-z0-9/.@:&=?%+-])www\.(?=[^\W_])"
_MAIL_START = r"(?<![A-Za-z0-9.+_/:@=?&%-])[A-Za-z0-9.+_-]{1,64}@(?=[A-Za-z0-9])"
_FIND_START = re.compile(f"{_START}|{_MAIL_START}", re.IGNORECASE)
_MAYBE_URL = re.compile(r"://|www\.", re.IGNORECASE)
_HOST = re.compile(r"(?:[^\W_]|[_-])++(?:\.(?:[^\W_]|[_-])++)*+")
_MAIL_HOST = re.compile(r"[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)++")
_REST = re.compile(r"[^\s<\u3000-\u303f\uff01-\uff0f\uff1a-\uff1f\uff3b-\uff3d]*+")
_SENTENCE_MARKS = "?!.,:*_~'\"[]"
_ENTITY = re.compile(r"[A-Za-z0-9]{1,32}+")
_MAX_LENGTH = 2000
# Pictures in names of pictures: the parser goes no deeper than 20, and the paragraph around them has to be remembered.
_MOST_NESTED = 32


def link_bare_addresses(md: MarkdownIt) -> None:
    """Teach a parser these links."""
    # The text rule stops where one begins, so that emphasis and the like cannot take a part of it before.
    md.inline.terminator_re = cast(re.Pattern[str], _EndOfText(md.inline.terminator_re))
    md.inline.ruler.after("text", "bare_link", _bare_link)


class _EndOfText:
    """Stands in for the pattern by which the text rule finds the end of plain text.

    Looking for addresses at each letter takes twenty times as long as looking for signs, so that is only done in a
    paragraph that may hold one. The text rule asks again and again within a paragraph, and amid it within the names of
    its pictures; each of them is looked through once.
    """

    def __init__(self, signs: re.Pattern[str]) -> None:
        self._signs = signs
        self._all = re.compile(f"{signs.pattern}|{_FIND_START.pattern}", re.IGNORECASE)
        self._chosen = lru_cache(maxsize=_MOST_NESTED)(self._choose)

    def search(self, src: str, pos: int) -> re.Match[str] | None:
        return self._chosen(src).search(src, pos)

    def _choose(self, src: str) -> re.Pattern[str]:
        return self._all if "@" in src or _MAYBE_URL.search(src) else self._signs


def _bare_link(state: StateInline, silent: bool) -> bool:
    if silent or state.linkLevel > 0:
        return False
    opening = _FIND_START.match(state.src, state.pos, state.posMax)
    if opening is None:
        return False
    end = _end_of_mail(state, opening) if opening[0].endswith("@") else _end_of_url(state, opening)
    if end < 0:
        return False
    text = state.src[state.pos : end]
    scheme = "mailto:" if opening[0].endswith("@") else "http://" if opening[0][:1] in "wW" else ""
    token = state.push("link_open", "a", 1)
    token.attrs = {"href": state.md.normalizeLink(scheme + text)}
    state.push("text", "", 0).content = text
    state.push("link_close", "a", -1)
    state.pos = end
    return True


def _end_of_mail(state: StateInline, opening: re.Match[str]) -> int:
    host = _MAIL_HOST.match(state.src, opening.end(), min(state.posMax, opening.end() + 255))
    if host is None or host[0][-1] in "-_":
        return -1
    return host.end()


def _end_of_url(state: StateInline, opening: re.Match[str]) -> int:
    limit = min(state.posMax, state.pos + _MAX_LENGTH)
    is_short = opening[0][:1] not in "wW"  # `http://localhost` is an address, `www.a` is none
    host = _HOST.match(state.src, opening.end(), limit)
    if host is None or not (is_short or "." in host[0]) or "_" in "".join(host[0].rsplit(".", 2)[-2:]):
        return -1
    rest = _REST.match(state.src, host.end(), limit)
    return _without_sentence_marks(state.src, opening.end() + 1, rest.end() if rest else host.end())


def _without_sentence_marks(src: str, start: int, end: int) -> int:
    closing, opened = src.count(")", start, end), src.count("(", start, end)
    while end > start:
        mark = src[end - 1]
        if mark == ")" and closing > opened:
            closing -= 1
        elif mark == ";" and (entity := _entity_before(src, start, end - 1)) >= 0:
            end = entity + 1  # the whole `&quot;`
        elif mark not in _SENTENCE_MARKS and mark != ";":
            break
        end -= 1
    return end


def _entity_before(src: str, start: int, end: int) -> int:
    """Where the `&` of an entity stands that ends here, or -1."""
    ampersand = src.rfind("&", max(start, end - 33), end)
    return ampersand if ampersand >= 0 and _ENTITY.fullmatch(src, ampersand + 1, end) else -1
