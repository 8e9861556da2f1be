"""Writes a zip archive piece by piece: neither the archive nor a file of it is ever in memory as a whole."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime

from blogapi.personal import ExportedFile

PART_BYTES = 256 * 1024


class _Sink:
    """Takes what the archive writes. Without a way to seek, so sizes and checksums stand behind each file."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def write(self, data: bytes) -> int:
        self.taken += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""


async def zipped(files: AsyncIterator[ExportedFile], at: datetime) -> AsyncIterator[bytes]:
    """The archive of these files, in parts of about `PART_BYTES`. All files have the time `at`, in UTC.

    Packing is done in a thread, so the loop goes on meanwhile.
    """
    sink = _Sink()
    archive = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)
    async for file in files:
        entry = zipfile.ZipInfo(file.name, at.timetuple()[:6])
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        # How large the file will be is not known before it has been written.
        with archive.open(entry, "w", force_zip64=True) as stream:
            async for piece in file.content:
                await asyncio.to_thread(stream.write, piece)
                while len(sink.taken) >= PART_BYTES:
                    yield _first_of(sink.taken)
    archive.close()
    while sink.taken:
        yield _first_of(sink.taken)


def _first_of(taken: bytearray) -> bytes:
    part = bytes(taken[:PART_BYTES])
    del taken[:PART_BYTES]
    return part
