"""The places in a text that a link can lead to: its headings and ids, as they are called where it is shown."""

from __future__ import annotations

import re

from blogapi.text.anchors import anchor, own_anchor

_HEADING = re.compile(r"^[ \t>]{0,12}+#{1,6}[ \t]++([^\n]{1,300})", re.MULTILINE)
_UNDERLINED = re.compile(r"^([^\n]{1,300}+)\n {0,3}(?:=|-)", re.MULTILINE)
_ATTRIBUTES = re.compile(r"[ \t]{0,3}\{[^{}\n]{1,200}\}[ \t#\r]{0,9}\Z")
_CLOSING = re.compile(r"[ \t]#{1,20}[ \t\r]{0,9}\Z")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()]{0,500}\)|<[^<>]{1,200}>")
_ID = re.compile(r"""\b(?:id|name)=["']?([^\s"'<>{}]{1,200})|\{[^{}#\n]{0,100}#([^\s{}]{1,100})""")


def ids_in(body: str) -> frozenset[str]:
    """The ids that a body has when it is shown. Some more do no harm: they only name what cannot be reached."""
    ids = {own_anchor(found[1] or found[2]) for found in _ID.finditer(body)}
    headings = [found[1] for pattern in (_HEADING, _UNDERLINED) for found in pattern.finditer(body)]
    ids |= {anchor(_LINK.sub(r"\1", _CLOSING.sub("", _ATTRIBUTES.sub("", text)))) for text in headings}
    return frozenset(ids)
