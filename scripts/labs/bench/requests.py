"""The requests that the loads consist of, and a look at what they are answered."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from scripts.labs.bench.load import Broken
from scripts.labs.bench.servers import Server

_BODY_BYTES = 9_000
_PAGES = 40
_KNOWN, _HOT, _SAMPLED = 200, 1000, 5000
_LANGUAGES = ("en", "de", "fr")
# What two creates of the same draft cannot have in common.
_OWN = ("id", "slug", "created_at", "updated_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What there is to ask. `folder` holds it as files for wrk, one a kind."""

    folder: Path
    reads: tuple[str, ...]
    lists: tuple[str, ...]
    draft: str
    headers: Mapping[str, str]


def prepare(server: Server, folder: Path) -> Requests:
    """Find out what can be read, and make an account that can write."""
    posts = _public_posts(server)
    reads = tuple(f"/v1/posts/{post['id']}" for post in posts)
    tags = sorted({tag for post in posts for tag in post["tags"]})
    authors = sorted({author["id"] for post in posts for author in post["authors"]})
    filters = [*(f"tag={tag}" for tag in tags), *(f"author={author}" for author in authors)]
    filters += [f"lang={language}" for language in _LANGUAGES]
    # As many pages of the whole as of its parts, since that is what readers page through.
    lists = (*_pages(server, "", _PAGES), *(path for query in filters[:_PAGES] for path in _pages(server, query, 2)))
    draft = json.dumps({"title": "A draft {unique}", "body": _middling_body(server, reads)})
    account = {"username": "bench-author", "password": secrets.token_urlsafe(16)}
    server.ask("POST", "/v1/auth/register", _bytes({**account, "email": "bench@example.org"}))
    sign_in = {"login": account["username"], "password": account["password"]}
    token = json.loads(server.ask("POST", "/v1/auth/login", _bytes(sign_in)))["access_token"]
    first = [path for path in lists if "cursor=" not in path]
    known = [f"{path} {server.etag(path)}" for path in reads[:_KNOWN]]
    files = {"read": "\n".join(reads), "list": "\n".join(lists), "first": "\n".join(first), "known": "\n".join(known)}
    files |= {"hot": "\n".join(reads[:_HOT]), "create": draft, "token": token}
    newcomer = {"username": "u-{unique}", "email": "u-{unique}@example.org", "password": account["password"]}
    files |= {"register": json.dumps(newcomer), "forgot": json.dumps({"email": "bench@example.org"})}
    for name, text in {**files, "sign-in": json.dumps(sign_in)}.items():
        (folder / name).write_text(text)
    headers = {"Authorization": f"Bearer {token}"}
    return Requests(folder=folder, reads=reads, lists=lists, draft=draft, headers=headers)


def prepare_scaled(server: Server, url: str, database: str, folder: Path, late: int) -> None:
    """Reads of any posts, first pages of lists, and pages that begin after `late` posts, on a server of its own."""
    with MongoClient[dict[str, Any]](url) as client:
        stages: list[dict[str, Any]] = [
            {"$match": {"live.audience": "public"}},
            {"$sample": {"size": _SAMPLED}},
            {"$project": {"_id": 1}},
        ]
        ids = [found["_id"] for found in client[database]["posts"].aggregate(stages)]
    # Only what fills a page: where there is less to send, it is sent sooner.
    tags = [tag["slug"] for tag in json.loads(server.get("/v1/tags?limit=100"))["items"] if tag["post_count"] >= 20]
    first = ["/v1/posts", *(f"/v1/posts?tag={tag}" for tag in tags), *(f"/v1/posts?lang={lang}" for lang in _LANGUAGES)]
    files = {"read": [f"/v1/posts/{post_id}" for post_id in ids], "first": first, "late": _late_pages(server, late)}
    folder.mkdir()
    for name, paths in files.items():
        (folder / name).write_text("\n".join(paths))


def public_reads(server: Server) -> list[str]:
    """The paths of all posts that everybody can read."""
    return [f"/v1/posts/{post['id']}" for post in _public_posts(server)]


def _late_pages(server: Server, late: int) -> list[str]:
    cursor = ""
    for _ in range(0, late, 100):
        path = "/v1/posts?limit=100&fields=slug" + (f"&cursor={cursor}" if cursor else "")
        cursor = json.loads(server.get(path))["page"]["next"]
    paths = [f"/v1/posts?cursor={cursor}"]
    while len(paths) < _PAGES and (cursor := json.loads(server.get(paths[-1]))["page"]["next"]):
        paths.append(f"/v1/posts?cursor={cursor}")
    return paths


def _bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def _public_posts(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        tail = f"&cursor={cursor}" if cursor else ""
        page = json.loads(server.get(f"/v1/posts?limit=100&fields=tags,authors{tail}"))
        found, cursor = [*found, *page["items"]], page["page"]["next"]
    return found


def _pages(server: Server, query: str, count: int) -> list[str]:
    paths = ["/v1/posts" + (f"?{query}" if query else "")]
    while len(paths) < count and (cursor := json.loads(server.get(paths[-1]))["page"]["next"]):
        paths.append("/v1/posts?" + "&".join(filter(None, [query, f"cursor={cursor}"])))
    return paths


def _middling_body(server: Server, reads: tuple[str, ...]) -> str:
    bodies: list[str] = [json.loads(server.get(path))["body"] for path in reads[:100]]
    return min(bodies, key=lambda body: abs(len(body.encode()) - _BODY_BYTES))


def middling_answer(server: Server, paths: Sequence[str]) -> bytes:
    """An answer of the size that is neither large nor small among these."""
    answers = sorted([server.get(path) for path in paths[:200]], key=len)
    return answers[len(answers) // 2]


def check_same(blogapi: Server, by_hand: Server, requests: Requests) -> None:
    """Both servers give the same JSON. Raises Broken."""
    for path in (*requests.reads[:10], *requests.lists):
        _require_same(path, blogapi.get(path), by_hand.get(path))
    first, second = (
        server.ask("POST", "/v1/posts", requests.draft.encode(), requests.headers) for server in (blogapi, by_hand)
    )
    _require_same("POST /v1/posts", *map(_without_own, (first, second)))
    # What was written by hand is a post like any other.
    path = f"/v1/posts/{json.loads(second)['id']}?view=working"
    _require_same(path, blogapi.ask("GET", path, headers=requests.headers), second)


def _without_own(answer: bytes) -> bytes:
    return _bytes({name: value for name, value in json.loads(answer).items() if name not in _OWN})


def _require_same(what: str, one: bytes, other: bytes) -> None:
    ours, theirs = json.loads(one), json.loads(other)
    if ours != theirs:
        names = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
        raise Broken(f"{what}: blogapi and the server by hand differ in {', '.join(names)}.")
