"""What a process for texts answers, see `pool.child`. `renderer` and `comparer` ask it."""

from __future__ import annotations

import orjson

from blogapi.text.difference import difference
from blogapi.text.rendering import render, render_small


def answer(question: bytes) -> bytes:
    """What `render` makes of a post as JSON, the HTML of a profile's text, or the differences of pairs as JSON."""
    kind, _, raw = question.partition(b"\n")
    if kind == b"compare":
        (before, after), pairs = orjson.loads(raw)
        names = {name: (f"{before}/{name}", f"{after}/{name}") for name in pairs}
        return orjson.dumps({name: difference(one, other, names[name]) for name, (one, other) in pairs.items()})
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
