"""The API key that examples in the documentation speak of. The demo content has it, for its administrator."""

from __future__ import annotations

REVOKED = "0b1060000000000000000041"
