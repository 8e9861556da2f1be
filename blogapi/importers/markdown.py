"""Reads a folder of Markdown files with front matter, as Jekyll, Zola, Hugo, Astro and their like keep a blog."""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from blogapi.importers.blog import Blog
from blogapi.importers.frontmatter import MAX_FRONT_MATTER, has_front_matter, split
from blogapi.importers.layout import SUFFIXES, foreign_folder, holds_markdown, unread_format
from blogapi.importers.markdown_post import read_post
from blogapi.importers.model import Entry, Found, Refusal, Skipped, Unfit
from blogapi.posts.copies import MAX_BODY_BYTES

_MAX_FILE_BYTES = MAX_BODY_BYTES + MAX_FRONT_MATTER
_SECTION = re.compile(r"_index(?:\.[A-Za-z_-]+)?")
# The marks that open a text, the longer ones first: UTF-32 begins as UTF-16 does.
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


def read_folder(folder: Path, *, source: str | None = None) -> Iterator[Found]:
    """What the files below a folder are, in the order of their paths, so the same files always give the same.

    `source` is the folder's name unless it is given. Hidden files and folders are not looked at. Raises
    NotADirectoryError.
    """
    root = folder.resolve()
    if not root.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder.")
    return _read_all(root, _printable(source or root.name))


def count_files(folder: Path) -> int:
    """How many things `read_folder` will find."""
    return len(_list_files(folder.resolve()))


def _read_all(root: Path, source: str) -> Iterator[Found]:
    files = _list_files(root)
    blog = Blog(root, (file for file, found in files if found is None))
    # What the files say of each other shows only when all are known. Better read twice than keep all bodies.
    for file, found in files:
        entry = found or _read(blog, file, source)
        if isinstance(entry, Entry):
            blog.learn(entry)
    blog.knows_all = True
    for file, found in files:
        entry = found or _read(blog, file, source)
        yield blog.settled(entry) if isinstance(entry, Entry) else entry


def _list_files(root: Path) -> list[tuple[str, Skipped | Refusal | None]]:
    """The files to read, by their paths from here, and what is already known of those that are not to be read."""
    files: dict[str, Skipped | Refusal | None] = {}

    def refuse(error: OSError) -> None:
        file = os.path.relpath(error.filename, root)
        files[file] = Refusal(file=_printable(file), reason=f"cannot be read: {error.strerror}")

    for folder, folders, names in os.walk(root, onerror=refuse):
        here = Path(folder)
        folders[:] = [name for name in folders if not name.startswith(".")]
        siblings = {*names, *folders}
        for name in list(folders):
            file = (here / name).relative_to(root).as_posix()
            if what := foreign_folder(here, name, is_root=here == root, siblings=siblings):
                folders.remove(name)
                if holds_markdown(here / name):
                    files[file] = Skipped(file=_printable(file), reason=f"a folder with {what}")
            elif (here / name).is_symlink():
                files[file] = Skipped(file=_printable(file), reason="a link to a folder")
        for name in names:
            file = (here / name).relative_to(root).as_posix()
            if name.startswith("."):
                continue
            if other := unread_format(file):
                files[file] = Skipped(file=_printable(file), reason=f"not read: {other}")
            if PurePosixPath(name).suffix.lower() not in SUFFIXES:
                continue
            files[file] = None
            if not Path(os.path.realpath(here / name)).is_relative_to(root):
                files[file] = Skipped(file=_printable(file), reason="a link that leaves the folder")
    return sorted(files.items())


def _read(blog: Blog, file: str, source: str) -> Found:
    name = _printable(file)
    if _SECTION.fullmatch(PurePosixPath(file).stem):
        return Skipped(file=name, reason="a section page")
    try:
        if name != file:
            raise Unfit("the file name is not UTF-8")
        text = _read_text(blog.root / file)
        document = None if text is None else split(text)
        if document is None:
            return Skipped(file=name, reason="no front matter")
        return read_post(document, blog, file, source=source)
    except UnicodeDecodeError as error:
        return Refusal(file=name, reason=f"not {error.encoding.upper()} (byte {error.start})")
    except OSError as error:
        return Refusal(file=name, reason=f"cannot be read: {error.strerror}")
    except Unfit as error:
        return Refusal(file=name, reason=str(error))


def _read_text(path: Path) -> str | None:
    """None for a file that is too large to be a post and does not begin like one."""
    if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for ever
        raise Unfit("not a regular file")
    with path.open("rb") as file:
        content = file.read(_MAX_FILE_BYTES + 1)
    if len(content) <= _MAX_FILE_BYTES:
        return _decode(content)
    if has_front_matter(content[:256].decode("utf-8-sig", "replace")):
        raise Unfit(f"larger than {_MAX_FILE_BYTES // 1024} KiB")
    return None


def _decode(content: bytes) -> str:
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
    text = content.decode(encoding).removeprefix("\ufeff")
    if "\0" in text[:2]:
        raise Unfit("not UTF-8: it has NUL characters, as UTF-16 has without a byte order mark")
    return text


def _printable(file: str) -> str:
    return os.fsencode(file).decode("utf-8", "backslashreplace")
