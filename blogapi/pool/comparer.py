"""Compares texts in the processes that render them, and in turn with that, so that a long text holds up no reader."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from blogapi.errors import BlogError
from blogapi.pool.processes import TimeSpent
from blogapi.text.difference import Difference, Span
from blogapi.translation.sentence import say

# What kind of question, the question, and who asks.
Ask = Callable[[str, bytes, str], Awaitable[bytes]]


class Comparer:
    """Finds what differs between texts. `ask` is that of the renderer."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def differences(
        self, pairs: Mapping[str, tuple[str, str]], names: tuple[str, str], account: str
    ) -> dict[str, Difference]:
        """Of each pair of texts, a text before and after, what differs; `names` are those of before and after.

        Raises Overloaded, and BlogError `too_long_to_compare`.
        """
        if not pairs:
            return {}
        try:
            answer = await self._ask("compare", orjson.dumps([names, pairs]), account)
        except TimeSpent:
            detail = say("The texts take too long to compare. Compare revisions that are closer to each other.")
            raise BlogError(detail, code="too_long_to_compare") from None
        return {name: _difference(**found) for name, found in orjson.loads(answer).items()}


def _difference(unified: str, spans: list[dict[str, Any]], is_coarse: bool) -> Difference:
    told = [Span(span["op"], tuple(span["before"]), tuple(span["after"])) for span in spans]
    return Difference(unified, tuple(told), is_coarse)
