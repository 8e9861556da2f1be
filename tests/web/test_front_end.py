"""The commands of docs/how-to/connect-a-front-end.md are run as they stand there, by bash."""

import asyncio
import os
import re

import pytest

from tests.servers import LONG, ROOT

PAGE = (ROOT / "docs/how-to/connect-a-front-end.md").read_text("utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_page_begins_with_cors():
    assert "CORS" in PAGE.split("\n## ")[1]


@pytest.mark.parametrize("commands", COMMANDS, ids=lambda text: text[:60])
async def test_commands_of_the_page_work_as_they_stand_there(client, sign_up, commands):
    ada = await sign_up("ada")
    key = {"name": "Nightly backup", "scopes": ["posts:read"]}
    created = await client.post("/v1/me/api-keys", json=key, headers=ada.headers)
    known = {"TOKEN": ada.access_token, "KEY": (await created.json())["key"]}
    bash = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", commands),
        env={**os.environ, **known, "API": str(client.make_url("")).rstrip("/")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(bash.communicate(), LONG)
    assert bash.returncode == 0, said.decode()
    assert said
