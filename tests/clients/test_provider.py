"""Signing in with a certified OpenID provider in a real browser, by the JavaScript of the how-to."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from blogapi.db.embedded.mongod import free_port
from tests.servers import LONG

from .conftest import FOLDER, demo_blog, snippet
from .test_browser import in_browser

SECRET = "a secret: with / and % in it"
# What the how-to leaves to the reader: which page begins, and what is done with the answer.
PAGE = """
if (!location.search) {
  await leaveFor("example", `${location.origin}/back`);
} else {
  try {
    const answer = await comeBack("example", location.href, MODE);
    history.replaceState(null, "", "/");
    const headers = answer.access_token ? {Authorization: `Bearer ${answer.access_token}`} : {};
    const me = await fetch(`${API}/v1/me`, {headers, credentials: answer.access_token ? "omit" : "include"});
    const {username, email, display_name} = await me.json();
    console.log([username, email, display_name].join(", "));
  } catch (error) {
    console.log(`failed: ${error.message}`);
  }
  console.log("the end");
}
"""


@asynccontextmanager
async def provider(redirect):
    """The issuer of one that runs."""
    process = await asyncio.create_subprocess_exec(
        *("node", FOLDER / "provider.mjs", redirect, SECRET),
        cwd=FOLDER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # it warns that it is not set up for production
    )
    try:
        yield (await asyncio.wait_for(process.stdout.readline(), LONG)).decode().strip()
    finally:
        # It is started by a program that would not pass a signal on.
        process.stdin.close()
        await process.wait()


@pytest.fixture
async def blog(tmp_path):
    port = str(free_port())
    async with provider(f"http://localhost:{port}/v1/auth/providers/example/callback") as issuer:
        known = {"ISSUER": issuer, "CLIENT_ID": "blog", "CLIENT_SECRET": SECRET}
        settings = {f"PROVIDERS__EXAMPLE__{name}": value for name, value in known.items()}
        async with demo_blog(tmp_path, SERVER__PORT=port, **settings) as blog:
            yield blog


async def visit(blog, walk, mode="token"):
    """What the page says in the end; `walk` is what is done on the pages of the provider."""
    code = snippet("js", "sign-in-with-a-provider.md").replace("http://localhost:8080", blog.address)
    found = await in_browser("run", program=f'const MODE = "{mode}";\n{code}\n{PAGE}', walk=walk)
    assert found["errors"] == []
    return [line for line in found["said"] if not line.startswith("Failed to load resource")]


SIGN_IN = [{"login": "grace", "password": "any"}, {}]


async def test_person_signs_in_and_comes_back_to_the_same_account(blog):
    grace = ["grace, grace@example.org, Grace of the provider"]
    assert await visit(blog, SIGN_IN) == grace
    assert await visit(blog, SIGN_IN, mode="cookie") == grace
    ada = await visit(blog, [{"login": "augusta", "password": "any"}, {}])
    assert ada == ["augusta, augusta@example.org, Augusta of the provider"]


async def test_person_who_cancels_is_told_so(blog):
    assert await visit(blog, ["Cancel"]) == ["failed: provider_denied"]
