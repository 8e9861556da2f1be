"""What people call the device that a User-Agent names."""

from __future__ import annotations

import re

# The first that is found: most claim to be several others as well.
_BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrom": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}
# Of a program. No dot, so that it cannot be a link to a mail reader.
_PROGRAM = re.compile(r"[A-Za-z][A-Za-z_-]{0,30}(?=/|$)")


def device_name(user_agent: str) -> str:
    """`Firefox, Linux`, or the name of a program, or nothing. It holds words of ours or one word of letters."""
    found = [next((name for mark, name in names.items() if mark in user_agent), "") for names in (_BROWSERS, _SYSTEMS)]
    if any(found):
        return ", ".join(filter(None, found))
    program = _PROGRAM.match(user_agent)
    return program[0] if program else ""
