"""The body of a post: what the file held, but for links and marks that only its generator understands."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath
from urllib.parse import unquote

from blogapi.importers import elements, links, marks, mdx, templates
from blogapi.importers.frontmatter import as_text
from blogapi.importers.layout import SUFFIXES
from blogapi.importers.model import Unfit
from blogapi.importers.post_file import PostFile
from blogapi.posts.copies import MAX_BODY_BYTES

# No part can run over a bracket or white space, so this reads the body once.
_TARGET = re.compile(r"""(?:\]\([ \t]{0,3}<?|\]:[ \t]{0,3}<?|(?:src|href)=["']?)([^\s<>()\[\]"']+)""")
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/#?]")


def body_of(file: PostFile) -> str:
    """Translated, and told of in notes. Raises Unfit when it cannot be kept."""
    body = file.document.body
    if "\0" in body:
        raise Unfit("the body has a NUL character")
    if not file.blog.knows_all:
        return body  # what it links to is not known yet, so it will be read again
    line = file.document.line
    body, linked = links.to_posts(body, file.blog, file.path, line)
    body, plain = marks.to_markdown(
        body, lambda target: links.named(target, file.blog), separator=_separator(file), first_line=line
    )
    body, embedded = elements.to_links(body, line)
    if PurePosixPath(file.path).suffix.lower() == ".mdx":
        body, translated = mdx.to_markdown(body, line)
    else:
        body, translated = templates.to_markdown(body, _dialect(file), line)
    body, inside = elements.with_markdown_inside(body)
    file.notes.extend([*linked, *plain, *embedded, *translated, *inside])
    if len(body.encode()) > MAX_BODY_BYTES:
        raise Unfit(f"the body is larger than {MAX_BODY_BYTES // 1024} KiB")
    if files := _linked_files(file, body):
        file.notes.append(f"files that it links to are not imported: {', '.join(files)}")
    return body


def _separator(file: PostFile) -> str:
    """What ends the excerpt of a post in Jekyll, by the post itself or its site."""
    written = file.values.get("excerpt_separator", file.blog.site.values.get("excerpt_separator"))
    return as_text(written) or ""


def _dialect(file: PostFile) -> templates.Dialect:
    """By the generator's name where the site tells it, else by how the file is kept."""
    kind, syntax = file.blog.site.kind, file.document.syntax
    is_liquid = kind in templates.TEMPLATED or (file.place.is_jekyll and syntax == "yaml" and kind == "")
    return templates.Dialect(
        liquid=is_liquid,
        guess=kind == "" and syntax != "toml",
        zola=kind == "zola" or (kind == "" and syntax == "toml"),
        page=file.values,
        site=file.blog.site.values,
        refer=lambda tag, target: links.refer(tag, target, file.blog, file.path),
    )


def _linked_files(file: PostFile, body: str) -> list[str]:
    """Pictures and the like that lie in the folder and that relative links point at."""
    root = str(file.blog.root)
    here = os.path.join(root, os.path.dirname(file.path))
    targets = {unquote(target.partition("#")[0]) for target in _TARGET.findall(body) if not _ELSEWHERE.match(target)}
    return [
        target
        for target in sorted(targets)
        if not target.lower().endswith(SUFFIXES)
        and os.path.normpath(os.path.join(here, target)).startswith(root + os.sep)
        and os.path.isfile(os.path.join(here, target))
    ]
