"""What happens at random, and can happen once more."""

from __future__ import annotations

import random


def chance_of(seed: float) -> random.Random:
    """Dice that fall in the same way for the same seed."""
    return random.Random(seed)  # noqa: S311  # nothing secret comes of it
