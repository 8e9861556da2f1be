"""The invitation that examples in the documentation speak of."""

from __future__ import annotations

WITHDRAWN = "0b1060000000000000000051"
EMAIL = "noor@example.org"
