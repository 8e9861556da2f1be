"""Three handlers as one would write them by hand on aiohttp, the bare driver and orjson, for nothing but speed.

No middleware, no ETag, no headers beyond the type: only the JSON that blogapi answers, from the same database, with the
same driver settings, and the same line in the log. What blogapi adds is the difference between the two.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
import random
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from typing import Any, TypeAlias
from urllib.parse import urlencode

import jwt
import orjson
import uvloop
from aiohttp import web
from bson import ObjectId
from marshmallow import Schema, ValidationError, fields, validate
from pymongo.errors import DuplicateKeyError

from blogapi.audit.service import AuditService
from blogapi.audit.store import AuditStore
from blogapi.clock import utc_now
from blogapi.config import Config, load_config
from blogapi.config.secret import derive_key
from blogapi.db.client import Database, Document, connect
from blogapi.operations.logs import RequestLog
from blogapi.signing.service import KeyRing
from blogapi.signing.store import SigningKeyStore
from blogapi.text.rendering import Rendered, render
from blogapi.text.slug import slugify, with_suffix
from blogapi.web.networks import network_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the handlers work with."""

    posts: Any  # the driver's own collections
    slugs: Any
    sessions: Any
    threads: ThreadPoolExecutor
    issuer: str
    ring: KeyRing
    cursor_key: bytes


MEANS: web.AppKey[Means] = web.AppKey("means", Means)
LOG: web.AppKey[RequestLog] = web.AppKey("log", RequestLog)
Handler: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]

_LIGHT = (
    *("title", "slug", "body_format", "excerpt_auto", "word_count", "reading_minutes", "excerpt", "tags", "lang"),
    *("cover", "seo"),
)
_ALL = (*_LIGHT, "body", "html", "toc", "custom")
_OF_HEAD = ("kind", "featured", "visibility", "comments_policy")
_ABOUT = ("live.version", "live.authors", "live.published_at", "live.moved_at", "live.updated_at", *_OF_HEAD)
READ_PROJECTION = dict.fromkeys([*_ABOUT, "counters", "created_at", *[f"live.{name}" for name in _ALL]], 1)
_LIST = dict.fromkeys([*_ABOUT, "counters", "created_at", *[f"live.{name}" for name in _LIGHT]], 1)
_EPOCH = datetime(1970, 1, 1)  # naive UTC, as the driver reads times


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    body = orjson.dumps(value, default=str)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def _moment(value: datetime) -> str:
    return value.isoformat(timespec="milliseconds") + "Z"


def _public(document: Document, names: tuple[str, ...]) -> dict[str, Any]:
    live, counters = document["live"], document["counters"]
    return {
        "id": document["_id"],
        "view": "public",
        "version": live["version"],
        "status": "published",
        **{name: live[name] for name in names},
        "authors": live["authors"],
        **{name: document[name] for name in _OF_HEAD},
        "published_at": _moment(live["published_at"]),
        "live_updated_at": _moment(live["moved_at"]),
        "likes_count": counters["likes"],
        "comments_count": counters["comments"],
        "translations": [],
        "created_at": _moment(document["created_at"]),
        "updated_at": _moment(live["updated_at"]),
    }


async def read(request: web.Request) -> web.Response:
    """One post."""
    post_id = request.match_info["id"]
    document = None
    if ObjectId.is_valid(post_id):
        where = {"_id": ObjectId(post_id), "live.audience": {"$in": ["public", "unlisted"]}}
        document = await request.app[MEANS].posts.find_one(where, READ_PROJECTION)
    if document is None:
        raise web.HTTPNotFound
    return _json(_public(document, _ALL))


async def list_posts(request: web.Request) -> web.Response:
    """A page of posts, newest first."""
    query, limit = request.query, int(request.query.get("limit", "20"))
    where: Document = {"live.audience": "public"}
    if "tag" in query:
        where["live.tags"] = query["tag"]
    if "author" in query:
        where["live.authors.id"] = ObjectId(query["author"])
    if "lang" in query:
        where["live.lang"] = query["lang"]
    key = request.app[MEANS].cursor_key
    if "cursor" in query:
        moment, last = _position(request, query["cursor"], key)
        where["live.published_at"] = {"$lte": moment}
        where["$or"] = [{"live.published_at": {"$lt": moment}}, {"live.published_at": moment, "_id": {"$lt": last}}]
    found = request.app[MEANS].posts.find(where, _LIST).sort([("live.published_at", -1), ("_id", -1)])
    documents = await found.limit(limit + 1).to_list(limit + 1)
    following = _cursor(request, documents[limit - 1], key) if len(documents) > limit else None
    items = [_public(document, _LIGHT) for document in documents[:limit]]
    return _json({"items": items, "page": {"limit": limit, "next": following}})


def _signature(request: web.Request, payload: bytes, key: bytes) -> bytes:
    filters = sorted((name, value) for name, value in request.query.items() if name not in ("cursor", "limit"))
    text = len(payload).to_bytes(4) + payload + f"{request.rel_url.raw_path}?{urlencode(filters)}".encode()
    return hmac.digest(key, text, "sha256")[:12]


def _cursor(request: web.Request, document: Document, key: bytes) -> str:
    since = (document["live"]["published_at"] - _EPOCH) // timedelta(milliseconds=1)
    payload = orjson.dumps(["t", since, str(document["_id"])])
    return base64.urlsafe_b64encode(_signature(request, payload, key) + payload).rstrip(b"=").decode()


def _position(request: web.Request, cursor: str, key: bytes) -> tuple[datetime, ObjectId]:
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    if not hmac.compare_digest(raw[:12], _signature(request, raw[12:], key)):
        raise web.HTTPBadRequest
    _, since, last = orjson.loads(raw[12:])
    return _EPOCH + timedelta(milliseconds=since), ObjectId(last)


class NewPost(Schema):
    """What a writer sends."""

    title = fields.Str(required=True, validate=validate.Length(min=1, max=200))
    body = fields.Str(required=True, validate=validate.Length(max=512 * 1024))


_NEW_POST = NewPost()


async def create(request: web.Request) -> web.Response:
    """A draft: who is it, render, claim a slug, insert."""
    means, now = request.app[MEANS], datetime.now(UTC).replace(tzinfo=None)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    user = await _signed_in(request, means, now)
    try:
        wish = _NEW_POST.load(orjson.loads(await request.read()))
    except (ValidationError, orjson.JSONDecodeError) as error:
        raise web.HTTPUnprocessableEntity(text=str(error)) from None
    loop, post_id = asyncio.get_running_loop(), ObjectId()
    rendered = await loop.run_in_executor(means.threads, render, wish["body"], "markdown")
    slug = await _claim(means.slugs, slugify(wish["title"]), post_id, now)
    content = _content(wish, slug, rendered, user)
    await means.posts.insert_one(_head(post_id, content, user["id"], now))
    return _json(_working(post_id, content, now), status=201, headers={"Location": f"/v1/posts/{post_id}"})


def _content(wish: Document, slug: str, rendered: Rendered, user: Document) -> Document:
    return {
        **wish,
        "slug": slug,
        "body_format": "markdown",
        "html": rendered.html,
        "excerpt_auto": rendered.excerpt_auto,
        "word_count": rendered.word_count,
        "reading_minutes": rendered.reading_minutes,
        "toc": [{"level": entry.level, "id": entry.id, "text": entry.text} for entry in rendered.toc],
        "excerpt": "",
        "tags": [],
        "authors": [{name: user[name] for name in ("id", "username", "display_name", "avatar_url")}],
        "lang": "en",
        "cover": None,
        "seo": {"title": "", "description": "", "canonical_url": None, "noindex": False},
        "custom": {},
    }


_FLAGS = {"kind": "post", "featured": False, "visibility": "public", "comments_policy": "open"}


def _head(post_id: ObjectId, content: Document, user_id: ObjectId, now: datetime) -> Document:
    about = {"revision": 1, "edited_by": user_id, "edited_at": now, "note": "", "kind": "create"}
    return {
        "_id": post_id,
        "version": 1,
        "status": "draft",
        **_FLAGS,
        "working": {**content, **about},
        "live": None,
        "live_slugs": [],
        "slug_is_derived": True,
        "counters": {"likes": 0, "comments": 0},
        "changes": [{"version": 1, "fields": []}],
        "applied": [],
        "trashed_from": None,
        "deleted_at": None,
        "origin": None,
        "created_at": now,
        "updated_at": now,
        "schema": 1,
    }


def _working(post_id: ObjectId, content: Document, now: datetime) -> Document:
    return {
        "id": post_id,
        "view": "working",
        "version": 1,
        "status": "draft",
        **content,
        **_FLAGS,
        **dict.fromkeys(("published_at", "live_updated_at", "live_revision", "deleted_at", "origin")),
        "translations": [],
        "working_revision": 1,
        "submitted_revision": None,
        "review": None,
        **dict.fromkeys(("scheduled_at", "scheduled_revision", "scheduled_by", "unpublish_at", "schedule_error")),
        "has_unpublished_changes": False,
        "likes_count": 0,
        "comments_count": 0,
        "created_at": _moment(now),
        "updated_at": _moment(now),
    }


async def _signed_in(request: web.Request, means: Means, now: datetime) -> Document:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        key = await means.ring.find(jwt.get_unverified_header(token)["kid"])
        if key is None:
            raise web.HTTPUnauthorized
        claims = jwt.decode(token, key.public, algorithms=["EdDSA"], issuer=means.issuer)
    except (jwt.PyJWTError, KeyError):
        raise web.HTTPUnauthorized from None
    user = {"from": "users", "localField": "user_id", "foreignField": "_id", "as": "user"}
    found = means.sessions.aggregate(
        [
            {"$match": {"_id": ObjectId(claims["sid"]), "expires_at": {"$gt": now}}},
            {"$lookup": user},
            {
                "$project": {
                    f"user.{name}": 1 for name in ("_id", "username", "display_name", "avatar_url", "role", "status")
                }
            },
        ]
    )
    sessions = await (await found if isawaitable(found) else found).to_list(1)  # PyMongo's is awaited, Motor's not
    people = sessions[0]["user"] if sessions else []
    if not people or people[0]["status"] not in ("active", "unverified") or people[0]["role"] == "reader":
        raise web.HTTPUnauthorized
    return {**people[0], "id": people[0]["_id"]}


async def _claim(slugs: Any, base: str, post_id: ObjectId, now: datetime) -> str:
    slug, number = base, 1
    while True:
        try:
            await slugs.insert_one({"_id": slug, "post_id": post_id, "claims": 1, "claimed_at": now})
        except DuplicateKeyError:
            number += 1
            slug = with_suffix(base, number)
        else:
            return slug


def _logged(route: str, handler: Handler) -> Handler:
    async def run(request: web.Request) -> web.Response:
        started, status, size = time.perf_counter(), 500, None
        try:
            response = await handler(request)
            status, size = response.status, response.content_length
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            known, taken = f"{random.getrandbits(64):016x}", round((time.perf_counter() - started) * 1000, 1)
            network = network_of(request.remote or "unknown")
            request.app[LOG].add(time.time(), known, request.method, route, status, taken, size, network)

    return run


async def ready(_: web.Request) -> web.Response:
    """It listens."""
    return web.Response()


def create_app(config: Config, database: Database) -> web.Application:
    """The three handlers, which ask the driver itself."""
    app, secret, raw = web.Application(client_max_size=2 * 1024 * 1024), config.auth.secret, database.raw
    audit = AuditService(AuditStore(database), timedelta(days=config.audit.keep_days), utc_now)
    app[MEANS] = Means(
        posts=raw["posts"],
        slugs=raw["slugs"],
        sessions=raw["sessions"],
        threads=ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2)),
        issuer=config.public_url,
        ring=KeyRing(SigningKeyStore(database), derive_key(secret, "signing-keys"), audit, utc_now),
        cursor_key=derive_key(secret, "cursor"),
    )
    app[LOG] = RequestLog(config.log.level, config.log_format)
    app.on_cleanup.append(_stop)
    app.router.add_get("/v1/posts/{id}", _logged("/v1/posts/{id}", read))
    app.router.add_get("/v1/posts", _logged("/v1/posts", list_posts))
    app.router.add_post("/v1/posts", _logged("/v1/posts", create))
    app.router.add_get("/readyz", ready)
    return app


async def _stop(app: web.Application) -> None:
    app[MEANS].threads.shutdown()
    app[LOG].close()


async def _connected(config: Config) -> web.Application:
    mongo = config.mongo
    client = connect(mongo.url, driver=mongo.driver, timeout_seconds=mongo.timeout_seconds, pool_size=mongo.pool_size)
    app = create_app(config, client[mongo.database])

    async def close(_: web.Application) -> None:
        await client.close()

    app.on_cleanup.append(close)
    return app


def main() -> None:
    config, loop = load_config(), uvloop.new_event_loop()
    host, port = config.server.host, config.server.port
    web.run_app(_connected(config), host=host, port=port, access_log=None, print=None, loop=loop)


if __name__ == "__main__":
    main()
