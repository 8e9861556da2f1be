"""A finished answer as the cache keeps it: in one content coding, and ready to be sent to everybody."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aiohttp import web
from multidict import CIMultiDict

from blogapi.cache.coding import pack, unpack, unpacked_length
from blogapi.cache.serialized import check_line, parse_lines
from blogapi.web.conditional import recoded_etag

# Of the object that holds it and of its texts, with the holes that they leave in the heap.
_BYTES_PER_ANSWER = 400
# So much of a long body is handed on at a time.
_SLICE_BYTES = 256 * 1024


class Shared(web.StreamResponse):
    """An answer with a long body that all of its readers share: no connection holds more than a slice of it."""

    def __init__(self, status: int, headers: CIMultiDict[str], body: bytes) -> None:
        super().__init__(status=status, headers=headers)
        self._whole = memoryview(body)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send all of it, and wait for the reader after each slice."""
        for start in range(0, len(self._whole), _SLICE_BYTES):
            await self.write(self._whole[start : start + _SLICE_BYTES])
        await super().write_eof(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An answer, kept as it was made or packed. One that is packed can be sent in both forms, each with its `ETag`.

    Header lines are bytes as `lines_of` makes them: `shared_lines` are one object for many answers. Those of the
    content differ by form, and are put together when it is sent. `etag` is that of the answer as it was made.
    """

    route: str
    status: int
    shared_lines: bytes
    own_lines: bytes
    content_type: str
    etag: str
    body: bytes
    packed_etag: str = ""
    is_packed: bool = False

    def __post_init__(self) -> None:
        check_line(self.etag)
        check_line(self.content_type)

    @property
    def lines(self) -> tuple[bytes, bytes]:
        """Those of both forms."""
        return self.shared_lines, self.own_lines

    @property
    def is_long(self) -> bool:
        """Whether it is worth the trouble to send it in slices (`Shared`)."""
        return (unpacked_length(self.body) if self.is_packed else len(self.body)) > _SLICE_BYTES

    @property
    def size(self) -> int:
        """Of all that belongs to this answer alone, in bytes."""
        return len(self.body) + len(self.own_lines) + _BYTES_PER_ANSWER

    def packed(self) -> Stored:
        """The same compressed. Takes 2 microseconds for each KB."""
        return replace(self, body=pack(self.body), packed_etag=self.etag and recoded_etag(self.etag), is_packed=True)

    def unpacked_body(self) -> bytes:
        """As it was made. Takes 1.5 microseconds for each KB if it is packed."""
        return unpack(self.body) if self.is_packed else self.body

    def etag_of(self, *, packed: bool) -> str:
        """The `ETag` of one form; may be empty."""
        return self.packed_etag if packed else self.etag

    def content_lines(self, body: bytes, *, packed: bool) -> str:
        """Header lines of one form and its body."""
        etag, coding = self.packed_etag if packed else self.etag, "Content-Encoding: gzip\r\n" if packed else ""
        lines = f"{coding}Content-Length: {len(body)}\r\n"
        if self.content_type:
            lines = f"Content-Type: {self.content_type}\r\n{lines}"
        return f"ETag: {etag}\r\n{lines}" if etag else lines

    def response(self, body: bytes, *, packed: bool, shares: bool = False) -> web.StreamResponse:
        """A response that the app goes on with, which also looks whether the client has this already.

        With `shares` a long body is sent in slices: others get the same one.
        """
        lines = (*self.lines, self.content_lines(body, packed=packed).encode())
        headers = CIMultiDict([header for some in lines for header in parse_lines(some)])
        if shares and len(body) > _SLICE_BYTES:
            return Shared(self.status, headers, body)
        return web.Response(status=self.status, body=body or None, headers=headers)
