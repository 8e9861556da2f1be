"""The people that examples in the documentation speak of. The demo content has them, but for who registers."""

from __future__ import annotations

WRITER, WRITER_NAME, WRITER_DISPLAY_NAME = "0b1060000000000000000001", "mira-holt", "Mira Holt"
# Somebody who can be erased.
GUEST, GUEST_NAME, GUEST_DISPLAY_NAME = "0b1060000000000000000002", "guest-writer", "A guest"
# What the example of a registration makes, the one of a sign-in uses.
NEWCOMER, NEWCOMER_EMAIL, NEWCOMER_PASSWORD = "ada", "ada@example.org", "a long and quiet river"
COLLEAGUE, COLLEAGUE_EMAIL, COLLEAGUE_PASSWORD = "jo-lind", "jo@example.org", "seven grey herons"
SINCE = "2026-03-01T09:00:00.000Z"
