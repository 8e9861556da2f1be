"""Links from post to post: a path to another file of the blog becomes the slug of the post that was made of it.

A slug is relative: under whatever path a front end shows its posts side by side, it leads from one to the other, and
from `/v1/posts/by-slug/one` to `/v1/posts/by-slug/other` as well.
"""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote

from blogapi.importers.blog import Blog
from blogapi.importers.date_places import date_in_name
from blogapi.importers.layout import SUFFIXES
from blogapi.importers.prose import verbatim
from blogapi.importers.told import Told
from blogapi.text.slug import slugify

# The address of the site, and a path that a filter of Liquid puts it before.
_SITE = r"(?:\{\{-?[ \t]{0,3}site\.(?:url|baseurl|github\.url)[ \t]{0,3}-?\}\}){1,3}"
_FILTERED = (
    r"""\{\{-?[ \t]{0,3}(?:"/[^"{}\n]{0,500}"|'/[^'{}\n]{0,500}')"""
    r"""[ \t]{0,3}\|[ \t]{0,3}(?:relative_url|absolute_url)[ \t]{0,3}-?\}\}"""
)
# No part can run over a bracket, a quote or white space, or is bounded, so this reads the text once.
_TARGET = re.compile(
    r"""(?:\]\([ \t]{0,3}|\]:[ \t]{0,3})(?:<([^<>\n]{1,500})>"""
    rf"""|({_FILTERED}(?:#[^\s<>()\[\]"'{{}}]{{1,200}})?"""
    rf"""|\{{index\}}|(?:\{{[a-z]{{1,12}}\}}|{_SITE})?[^\s<>()\[\]"'{{}}]{{1,1000}}))"""
    rf"""|\b(?:href|src)=["']?((?:\{{[a-z]{{1,12}}\}}|{_SITE})?[^\s<>"'{{}}]{{1,1000}})"""
)
_BEFORE_ADDRESS = re.compile(_SITE)
_ADDRESS_IN_TAG = re.compile(_FILTERED)
_PELICAN = re.compile(r"\{(filename|static|attach|author|category|tag|index)\}|\|(filename|static|attach)\|")
_ELSEWHERE = re.compile(r"(?!https?://)[A-Za-z][A-Za-z0-9+.-]*:|//|#|\?|\{")
_TO_POSTS = "links to posts made to lead to them"
_TO_FILES = "addresses of files and lists made plain"


def to_posts(body: str, blog: Blog, file: str, first_line: int = 1) -> tuple[str, tuple[str, ...]]:
    """The body with links that lead to other posts of the blog, and what was done to it."""
    told, out, at = Told(body, first_line), list[str](), 0
    spans = iter(verbatim(body))
    span = next(spans, None)
    for found in _TARGET.finditer(body):
        while span and span[1] <= found.start():
            span = next(spans, None)
        if span and span[0] <= found.start():
            continue
        group = next(number for number in (1, 2, 3) if found[number] is not None)
        target = found[group]
        address, what = _to_post(target, blog, file), _TO_POSTS
        if address is None and (pelican := _PELICAN.match(target)) and not _is_lost(target):
            address, what = _plain(pelican, target[pelican.end() :], file), _TO_FILES
        if address is not None and address != target:
            # An address in angle brackets needs none any more, and keeps them: everything around it stays.
            out += body[at : found.start(group)], address
            at = found.end(group)
            told.did(what, found.start())
    return "".join([*out, body[at:]]), told.notes


def _to_post(target: str, blog: Blog, file: str) -> str | None:
    if target.startswith("@/"):  # Zola: from the folder `content`
        path, anchor = _split(target[2:])
        slug = blog.slug_below(path, beside=file)
        return None if slug is None else blog.link_to(slug, anchor)
    if target.startswith("{{"):
        target = _without_site(target)
    pelican = _PELICAN.match(target)
    if _ELSEWHERE.match(target) if not pelican else "filename" not in pelican[0]:
        return None
    path, anchor = _split(target[pelican.end() :] if pelican else target)
    slug = None
    if path.lower().endswith(SUFFIXES) and "://" not in path:
        slug = blog.slug_below(path, beside=file) if path.startswith("/") else blog.slug_at(path, beside=file)
    if slug is None and not pelican:
        slug = blog.slug_at_address(target, beside=file)
    return None if slug is None else blog.link_to(slug, anchor)


def _without_site(target: str) -> str:
    """The path that stands behind the address of the site in Liquid."""
    if found := _ADDRESS_IN_TAG.match(target):
        return re.split("[\"']", found[0])[1] + target[found.end() :]
    found = _BEFORE_ADDRESS.match(target)
    return target[found.end() :] if found and target.startswith("/", found.end()) else target


def _is_lost(target: str) -> bool:
    """Whether it is a page that was not found: where that would be is not certain."""
    return "filename" in target[:10] and target.partition("#")[0].lower().endswith((*SUFFIXES, ".rst"))


def _plain(pelican: re.Match[str], rest: str, file: str) -> str:
    """What a mark of Pelican leads to where the site keeps its defaults."""
    kind = pelican[1] or pelican[2]
    if kind in ("author", "category", "tag"):
        return f"/{kind}/{slugify(rest)}.html"
    if kind == "index" or kind == "attach" or rest.startswith("/"):
        return rest or "/"
    return "/" + posixpath.normpath(posixpath.join(posixpath.dirname(file), rest)).removeprefix("content/").lstrip("./")


def refer(tag: str, target: str, blog: Blog, file: str) -> str | None:
    """The address of the post that a tag of a template language names, or the path of a file."""
    path, anchor = _split(target)
    slug: str | None = None
    if tag == "ref":
        slug = (None if path.startswith("/") else blog.slug_at(path, beside=file)) or blog.slug_below(path, beside=file)
        slug = "" if not path and anchor else slug
    elif tag in ("post_url", "post_link", "post_path"):
        slug = blog.slug_named(path.strip("/")) or _slug_in_name(path)
    elif tag == "link":
        slug = blog.slug_below(path, beside=file)
        if slug is None and "_posts/" in f"/{path}":
            slug = _slug_in_name(path.rpartition(".")[0])
        if slug is None and not path.lower().endswith((*SUFFIXES, ".html")) and "." in path:
            return "/" + path.lstrip("/") + anchor  # a file of the site: it is where it is
    return None if slug is None else blog.link_to(slug, anchor)


def named(target: str, blog: Blog) -> str | None:
    """The address of the post that double brackets name: `Other Post`, `Other Post#A Heading`."""
    path, anchor = _split(target)
    slug = blog.slug_named(path)
    return None if slug is None else blog.link_to(slug, anchor.replace(" ", "-").lower())


def _slug_in_name(path: str) -> str | None:
    """Of a post that is not among the files: what its name says."""
    day, title = date_in_name(path.rpartition("/")[2])
    return slugify(title, fallback="") or None if day else None


def _split(target: str) -> tuple[str, str]:
    path, mark, anchor = target.partition("#")
    return unquote(path.partition("?")[0]), mark + anchor
