"""The passkey that examples in the documentation speak of. Nobody has it: a browser makes each one."""

from __future__ import annotations

REMOVED = "0b1060000000000000000061"
CREDENTIAL_ID = "ZXhhbXBsZS1vZi1hLXBhc3NrZXk"
