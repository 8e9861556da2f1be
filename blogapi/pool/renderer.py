"""Renders texts in processes of a lower priority, so that a long text holds up no reader."""

from __future__ import annotations

import orjson

from blogapi.errors import BlogError
from blogapi.measures import Measure
from blogapi.pool.processes import Processes, TimeSpent, crews
from blogapi.pool.turns import Turns, queues
from blogapi.text.rendered import BodyFormat, Rendered, TocEntry
from blogapi.translation.sentence import say

CPU_SECONDS = 5
# What takes less time than people notice, however it is made: profiles, comments, and most posts.
SHORT_BYTES = 16 * 1024
# Of each length. A second one is started when the first one is busy with a text of somebody else.
_AT_ONCE, _MOST_WAITING = 2, 64
_PATIENCE_SECONDS = 10
# By the clock, for a text that may take `CPU_SECONDS`. Where a process has less than a third of a core, the machine is
# too busy to write: that says nothing of the text. With the patience before it, it is over before the request is cut
# off.
_DEADLINE_SECONDS = 15
_NOTHING = Rendered(html="", excerpt_auto="", word_count=0, reading_minutes=0, toc=())

# For all apps of this process. Long texts step back behind short ones as these do behind readers.
SHORT_TEXTS = Processes("blogapi.text.render_process", niceness=5)
LONG_TEXTS = Processes("blogapi.text.render_process", niceness=10)


class Renderer:
    """Renders short texts at once and long ones one after the other, in turn between accounts.

    An account is whoever writes: one text of theirs is rendered at a time, and each account has its turn.
    """

    def __init__(self, *, cpu_seconds: float = CPU_SECONDS) -> None:
        self._cpu_seconds = cpu_seconds
        self._short, self._long = _turns(), _turns()

    @staticmethod
    def start() -> None:
        """Have a process ready for the first text."""
        SHORT_TEXTS.start()

    def measures(self) -> list[Measure]:
        """Its metrics."""
        short, long = "short_texts", "long_texts"
        return [*queues({short: self._short, long: self._long}), *crews({short: SHORT_TEXTS, long: LONG_TEXTS})]

    async def post(self, body: str, body_format: BodyFormat, account: str = "") -> Rendered:
        """A post's body. Raises Overloaded, and BlogError `too_complex` for one that takes too long."""
        if not body:
            return _NOTHING
        made = orjson.loads(await self._render(body_format, body, account))
        return Rendered(**{**made, "toc": tuple(TocEntry(**entry) for entry in made["toc"])})

    async def small(self, text: str, account: str = "") -> str:
        """A profile's text: the small subset of Markdown. Raises Overloaded, BlogError `too_complex`."""
        return (await self._render("small", text, account)).decode() if text else ""

    async def _render(self, kind: str, text: str, account: str) -> bytes:
        try:
            # A surrogate without its partner is no character, and no renderer knows what to do with it.
            return await self.ask(kind, text.encode("utf-8", "replace"), account)
        except TimeSpent:
            detail = say("The text takes too long to render. Make it shorter or simpler.")
            raise BlogError(detail, code="too_complex") from None

    async def ask(self, kind: str, raw: bytes, account: str) -> bytes:
        """An answer of `text.render_process`, in turn with all that texts take. Raises TimeSpent, Overloaded."""
        is_short = len(raw) <= SHORT_BYTES
        turns, processes = (self._short, SHORT_TEXTS) if is_short else (self._long, LONG_TEXTS)
        question = kind.encode() + b"\n" + raw
        async with turns.turn(account):
            deadline = _DEADLINE_SECONDS + max(0, self._cpu_seconds - CPU_SECONDS)
            return await processes.ask(question, deadline_seconds=deadline, cpu_seconds=self._cpu_seconds)


def _turns() -> Turns:
    return Turns(
        at_once=_AT_ONCE,
        most_waiting=_MOST_WAITING,
        patience_seconds=_PATIENCE_SECONDS,
        busy=say("Too many texts are being written. Try again in a moment."),
    )
