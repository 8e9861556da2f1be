"""The posts of somebody as files, for the export of their data."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import orjson

from blogapi.clock import rfc3339
from blogapi.personal import ExportedFile, Person
from blogapi.posts.copies import Live, Working
from blogapi.posts.model import Post
from blogapi.posts.store.authored import Authored

_WRITTEN = (
    *("revision", "title", "slug", "body", "body_format", "excerpt"),
    *("tags", "lang", "cover", "seo", "custom"),
)


class Exporting:
    """Each post as Markdown with front matter, and all of its revisions as JSON."""

    def __init__(self, authored: Authored) -> None:
        self._authored = authored

    async def files(self, person: Person) -> AsyncIterator[ExportedFile]:
        """Two for each post."""
        async for post in self._authored.posts(person.id):
            copy = _shown(post)
            # The end of the id keeps names apart, and from names such as `readme`, which importers leave out.
            yield ExportedFile.of_bytes(f"posts/{copy.slug}-{post.id[-8:]}.md", markdown(post))
            yield ExportedFile(name=f"revisions/{post.id}.json", content=self._revisions(post))

    async def _revisions(self, post: Post) -> AsyncIterator[bytes]:
        about = {
            "id": post.id,
            "kind": post.kind,
            "status": post.status,
            "visibility": post.visibility,
            "created_at": post.created_at,
        }
        yield b"%s,\n" % _json({**about, "updated_at": post.updated_at}).removesuffix(b"}")
        yield b'"live": %s,\n' % (b"null" if post.live is None else _json(_fields(post.live)))
        yield b'"revisions": [\n'
        async for revision in self._authored.revisions(post):
            yield _json(_fields(revision)) + b",\n"
        yield _json(_fields(post.working)) + b"\n]}\n"


def markdown(post: Post) -> bytes:
    """What readers see, or the working copy where nothing is published, as `blogapi import markdown` reads it.

    Values are written as JSON, which YAML is a superset of: nothing in a title can end the front matter.
    """
    copy = _shown(post)
    is_public = post.live is not None and post.live.is_public
    front: dict[str, Any] = {
        "title": copy.title,
        "type": "page" if post.kind == "page" else None,
        "slug": copy.slug,
        "date": rfc3339(post.live.published_at) if post.live is not None else None,
        "draft": None if is_public else True,
        "tags": list(copy.tags),
        "excerpt": copy.excerpt,
        "lang": copy.lang,
        "authors": [author.display_name for author in copy.authors],
        "cover": None if copy.cover is None else asdict(copy.cover),
        "seo_title": copy.seo.title,
        "seo_description": copy.seo.description,
        "canonical_url": copy.seo.canonical_url,
        "noindex": copy.seo.noindex,
    }
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in front.items() if value]
    return "\n".join(["---", *lines, "---", copy.body]).encode()


def _shown(post: Post) -> Live | Working:
    return post.working if post.live is None else post.live


def _fields(copy: Live | Working) -> dict[str, Any]:
    """What somebody wrote, and when."""
    found: dict[str, Any] = {name: getattr(copy, name) for name in _WRITTEN}
    found["authors"] = [author.display_name for author in copy.authors]
    if isinstance(copy, Live):
        return {**found, "published_at": copy.published_at, "live_updated_at": copy.moved_at}
    return {**found, "edited_at": copy.edited_at, "note": copy.note, "kind": copy.kind}


def _json(value: Any) -> bytes:
    return orjson.dumps(value, default=rfc3339, option=orjson.OPT_PASSTHROUGH_DATETIME)
