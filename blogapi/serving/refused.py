"""What the parser of aiohttp refuses, as problems of ours."""

from __future__ import annotations

import re

from aiohttp.http_exceptions import BadHttpMessage, BadStatusLine, LineTooLong

from blogapi.web.problems import CODE_OF_STATUS

# Not the same, so that it shows in an error which of the two was too long.
MAX_LINE_BYTES, MAX_FIELD_BYTES = 8190, 8192
# In the parser's words, which quote the line: a whole one, but for its version, which may have any digits.
_OTHER_VERSION = re.compile(r"""Invalid HTTP version|\bb['"][A-Z]+ [^ ]+ HTTP/[0-9]+(?:\.[0-9]+)?['"]$""", re.MULTILINE)


def code_of(status: int, error: BaseException | None) -> str:
    """The code of the problem: the parser has one status for all that it refuses."""
    if isinstance(error, LineTooLong):
        return "uri_too_long" if error.args[1] == MAX_LINE_BYTES else "headers_too_large"
    if isinstance(error, BadHttpMessage):
        # It has no kinds of their own for these.
        if error.message == "Too many headers received":
            return "headers_too_large"
        if isinstance(error, BadStatusLine) and _OTHER_VERSION.search(error.message):
            return "http_version_not_supported"
    return CODE_OF_STATUS.get(status, "bad_request")
