"""Markdown for what generators have tags for: pictures with captions, embedded things, code."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")
_PATH = re.compile(r"[A-Za-z0-9_./-]{1,120}")
_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")
_RUNS = re.compile("`+")
_MARKED = re.compile(r"[\\`*_\[\]<>]")
_ADDRESSES = {
    "youtube": "https://www.youtube.com/watch?v={}",
    "vimeo": "https://vimeo.com/{}",
    "instagram": "https://www.instagram.com/p/{}/",
    "gist": "https://gist.github.com/{}",
    "codepen": "https://codepen.io/{}",
    "tweet": "https://twitter.com/i/status/{}",
    "spotify": "https://open.spotify.com/{}",
}
# The same under the names that people give to their tags.
_KINDS = {
    **{name: name for name in _ADDRESSES},
    "twitter": "tweet",
    "x": "tweet",
    "twitter_simple": "tweet",
    "vimeo_simple": "vimeo",
    "youtubelite": "youtube",
    "youtube-lite": "youtube",
    "lite-youtube": "youtube",
    "youtubevideo": "youtube",
    "video": "",
    "embed": "",
}


def picture(fields: Mapping[str, str], indent: str = "") -> str | None:
    """A picture with its caption below; None when it has no address."""
    source = next((fields[key] for key in ("src", "url", "image_path", "image", "file", "path") if fields.get(key)), "")
    if not source or "\n" in source or "{" in source:
        return None
    caption = fields.get("caption") or fields.get("title") or ""
    alt = fields.get("alt") or caption
    text = f"![{_plain(alt)}]({_target(source)})"
    if (link := fields.get("link") or fields.get("href")) and "\n" not in link:
        text = f"[{text}]({_target(link)})"
    return f"{text}\\\n{indent}{' '.join(caption.split())}" if caption else text


def embedded(name: str, words: list[str], fields: Mapping[str, str]) -> str | None:
    """A link to what the page would have shown: a video, a tweet, a gist; None when it is not clear which."""
    name = name.lower().removesuffix(".html")
    kind = _KINDS.get(name)
    if kind is None:
        return None
    kind = kind or _KINDS.get(fields.get("provider", "").lower(), "")
    given = [*words, *(fields[key] for key in ("id", "url", "src", "tweet", "videoId", "videoid") if key in fields)]
    address = next((word for word in given if word.startswith("https://") and _is_address(word)), None)
    if address:
        return f"<{address}>"
    if kind == "gist" and all(map(_PATH.fullmatch, words)) and words:
        return f"<{_ADDRESSES['gist'].format('/'.join(words[:2]))}>"
    user = fields.get("user", "")
    if kind == "tweet" and given and _ID.fullmatch(user) and _ID.fullmatch(given[0]):
        return f"<https://twitter.com/{user}/status/{given[0]}>"
    if kind in ("youtube", "vimeo", "instagram", "tweet") and given and _ID.fullmatch(given[0]):
        return f"<{_ADDRESSES[kind].format(given[0])}>"
    return None


def fenced(code: str, language: str, before: str, after: str) -> str:
    """Code between fences. `before` is what stands before it on its line, `after` what stands behind it."""
    break_ = "\r\n" if "\r\n" in code else "\n"
    language = language if _LANGUAGE.fullmatch(language) else ""
    fence = "`" * max(3, 1 + max(map(len, _RUNS.findall(code)), default=0))
    indent = before if not before.strip() else ""
    first, line_break, rest = code.partition("\n")
    code = rest if line_break and not first.strip() else code
    lead, trail = break_ if before.strip() else "", break_ if after.strip() else ""
    return f"{lead}{fence}{language}{break_}{code.rstrip()}{break_}{indent}{fence}{trail}"


def _plain(text: str) -> str:
    return _MARKED.sub(r"\\\g<0>", " ".join(text.split()))


def _target(address: str) -> str:
    address = address.strip()
    if any(character in address for character in " ()<>"):
        return "<" + address.replace("<", "%3C").replace(">", "%3E") + ">"
    return address


def _is_address(word: str) -> bool:
    return len(word) <= 500 and not any(character.isspace() or character in "<>" for character in word)
