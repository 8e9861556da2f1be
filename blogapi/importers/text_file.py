"""Text files that lie around posts: how large they may be, and from where they may come."""

from __future__ import annotations

from pathlib import Path

from blogapi.importers.model import Unfit

MAX_TEXT_FILE = 256 * 1024


def read_text(path: Path, *, within: Path) -> str | None:
    """The text of a file in the folder `within`, or None where there is no such file.

    Raises Unfit where there is one that cannot be read: the caller decides whether that matters.
    """
    try:
        if not path.is_file():
            return None
        if not path.resolve().is_relative_to(within):
            raise Unfit("it leads out of the folder")
        with path.open("rb") as file:
            content = file.read(MAX_TEXT_FILE + 1)
    except OSError as error:
        raise Unfit(f"{error.strerror}") from error
    if len(content) > MAX_TEXT_FILE:
        raise Unfit(f"larger than {MAX_TEXT_FILE // 1024} KiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unfit(f"not UTF-8 (line {content.count(bytes([10]), 0, error.start) + 1})") from error
