"""Bare aiohttp: the bytes of one file, whatever is asked. The ceiling of this stack."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import uvloop
from aiohttp import web


def main() -> None:
    body = Path(sys.argv[1]).read_bytes()

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    port = int(os.environ["BLOGAPI_SERVER__PORT"])
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None, loop=uvloop.new_event_loop())


if __name__ == "__main__":
    main()
