"""The session in README.md is run as it stands there, by bash, against a server that was started as a user would."""

import asyncio
import os
import re

import pytest

from tests.servers import LONG, ROOT, serving

pytestmark = pytest.mark.mongod


def session():
    blocks = re.findall(r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if "API=" in block]
    return found


async def test_readme_session_works_as_it_stands_there(tmp_path):
    async with serving(tmp_path) as served:
        bash = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", session()),
            env={**os.environ, "API": served.address},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(bash.communicate(), LONG)
    assert bash.returncode == 0, said.decode()
