"""What `doctor` says of a blog when everything is over."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from scripts.labs import ROOT


async def examined(folder: Path, url: str) -> str | None:
    """What it says, with the configuration in this folder; None when it finds nothing."""
    known = {"BLOGAPI_MONGO__URL": url, "BLOGAPI_CONFIG": str(folder / "config.yaml")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "blogapi", "doctor"),
        cwd=ROOT,
        env={**os.environ, **known},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return None if process.returncode == 0 else said.decode()
