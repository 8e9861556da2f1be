"""What a rendering process answers, see `pool.child`. `renderer` asks it."""

from __future__ import annotations

import orjson

from blogapi.text.rendering import render, render_small


def answer(question: bytes) -> bytes:
    """What `render` makes of a post as JSON, or the HTML of a profile's text."""
    kind, _, raw = question.partition(b"\n")
    text = raw.decode()
    match kind:
        case b"small":
            return render_small(text).encode()
        case b"html":
            return orjson.dumps(render(text, "html"))
        case _:
            return orjson.dumps(render(text, "markdown"))


# The parsers are built when they are first used: not while the first author waits.
for _kind in (b"small", b"html", b"markdown"):
    answer(_kind + b"\na")
