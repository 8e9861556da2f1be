"""A finished answer as the cache keeps it: in one content coding, and ready to be sent to everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web
from multidict import CIMultiDict

from blogapi.cache.coding import pack, unpack
from blogapi.cache.serialized import Serialized, lines_of, parse_lines
from blogapi.web.conditional import recoded_etag

# Of the object that holds it, and of its texts.
_BYTES_PER_ANSWER = 460


@dataclass(slots=True, kw_only=True)
class Stored:
    """An answer in one content coding.

    Header lines are bytes as `lines_of` makes them: `shared_lines` are one object for many answers. The headers of the
    content stand beside them. `plain_etag` is that of the body as it was, where this one is packed.
    """

    route: str
    status: int
    shared_lines: bytes
    own_lines: bytes
    content_type: str
    etag: str
    body: bytes
    plain_etag: str = ""
    is_packed: bool = False
    lines: tuple[bytes, bytes, bytes] = field(init=False)
    """The shared, its own and those of the content."""

    def __post_init__(self) -> None:
        named = (("ETag", self.etag), ("Content-Type", self.content_type), ("Content-Encoding", self.coding))
        given = [(name, value) for name, value in named if value]
        of_content = lines_of([*given, ("Content-Length", str(len(self.body)))])
        self.lines = (self.shared_lines, self.own_lines, of_content)

    @property
    def coding(self) -> str:
        """The content coding; empty for the answer as it is."""
        return "gzip" if self.is_packed else ""

    @property
    def size(self) -> int:
        """Of all that belongs to this answer alone, in bytes."""
        return len(self.body) + len(self.own_lines) + _BYTES_PER_ANSWER

    def packed(self) -> Stored:
        """The same compressed. Takes 2 microseconds for each KB."""
        return self._coded(pack(self.body), is_packed=True)

    def unpacked(self) -> Stored:
        """The same as it was. Takes 1 microsecond for each KB."""
        return self._coded(unpack(self.body), is_packed=False)

    def _coded(self, body: bytes, *, is_packed: bool) -> Stored:
        return Stored(
            route=self.route,
            status=self.status,
            shared_lines=self.shared_lines,
            own_lines=self.own_lines,
            content_type=self.content_type,
            etag=self.etag and recoded_etag(self.etag),
            body=body,
            plain_etag=self.etag if is_packed else "",
            is_packed=is_packed,
        )

    def not_modified(self, request: web.Request, own: Mapping[str, str], etag: str) -> Serialized:
        """304, with the `ETag` of what would be sent if the client had nothing."""
        return Serialized(request, 304, (*self.lines[:2], lines_of([("ETag", etag)])), own, b"")

    def response(self) -> web.Response:
        """A response that the app goes on with, which also looks whether the client has this already."""
        headers = CIMultiDict([header for some in self.lines for header in parse_lines(some)])
        return web.Response(status=self.status, body=self.body or None, headers=headers)
