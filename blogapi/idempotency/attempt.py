"""One attempt at a request that may be sent again, and what makes that safe."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Passed on to whatever creates or changes something.

    With an `Idempotency-Key`, every attempt at the request carries the same `resource_id` and `key`: a create uses
    the first as its `_id`, a transition writes the second into the document with the change itself. So an attempt
    that finds either in the database knows that an earlier one got that far, and finishes it. Without a key both
    are None.
    """

    resource_id: str | None = None
    key: str | None = None


ONCE = Attempt()
