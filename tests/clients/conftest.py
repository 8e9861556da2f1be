"""What the tests of clients have in common: a server with demo content, its document, and a place to build in."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.servers import ROOT, serving

FOLDER = Path(__file__).parent
BUILD = FOLDER / "build"
PACKAGES = FOLDER / "node_modules"
HOW_TOS = ROOT / "docs" / "how-to"


@dataclass(frozen=True)
class Blog:
    """A running server, and its administrator's password."""

    address: str
    password: str


@asynccontextmanager
async def demo_blog(folder, **settings):
    """A server with demo content."""
    async with serving(folder, demo=True, **settings) as served:
        while line := (await served.process.stdout.readline()).decode():
            if found := re.search(r"Password +(\S+)", line):
                yield Blog(served.address, found[1])
                return
        raise AssertionError("no password was told")


@pytest.fixture
async def blog(tmp_path):
    async with demo_blog(tmp_path) as blog:
        yield blog


@pytest.fixture
async def build(blog):
    """A fresh folder with the document of the server."""
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir()
    async with aiohttp.ClientSession() as session, session.get(f"{blog.address}/openapi.json") as response:
        (BUILD / "openapi.json").write_bytes(await response.read())
    return BUILD


def snippet(language, page="connect-a-front-end.md"):
    """All code of one language in a how-to, as it stands there."""
    text = (HOW_TOS / page).read_text("utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert blocks
    return "\n".join(blocks)


async def run(*command, sent=b"", seconds=300, **environment):
    """Run a command in the build folder; returns what it said. Raises AssertionError when it fails."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=BUILD if BUILD.exists() else FOLDER,
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complained = await asyncio.wait_for(process.communicate(sent), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{said.decode()[-4000:]}\n{complained.decode()[-4000:]}"
    return said.decode()
