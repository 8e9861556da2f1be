"""Bare aiohttp: the bytes of two files, one for a post and one for a list, or 304. The ceiling of this stack."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import uvloop
from aiohttp import web


def main() -> None:
    post, page = (Path(name).read_bytes() for name in sys.argv[1:])

    async def read(request: web.Request) -> web.Response:
        if "If-None-Match" in request.headers:
            return web.Response(status=304)
        return web.Response(body=post, content_type="application/json")

    async def read_page(_: web.Request) -> web.Response:
        return web.Response(body=page, content_type="application/json")

    async def ready(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/v1/posts", read_page)
    app.router.add_get("/v1/posts/{id}", read)
    app.router.add_get("/readyz", ready)
    port = int(os.environ["BLOGAPI_SERVER__PORT"])
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None, loop=uvloop.new_event_loop())


if __name__ == "__main__":
    main()
