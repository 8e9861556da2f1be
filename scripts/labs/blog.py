"""A blog whose servers come and go, while its database stays."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from blogapi.db.embedded.mongod import embedded_mongo
from scripts.labs import ROOT
from scripts.labs.drain.server import Server


@dataclass(frozen=True, slots=True)
class Blog:
    """What all of its servers share: tokens, and the public URL in them, are good on each."""

    folder: Path
    mongo_url: str
    public_url: str

    async def start(
        self,
        port: int,
        workers: int,
        module: str = "blogapi",
        environ: Mapping[str, str] = MappingProxyType({}),
        /,
        **settings: str,
    ) -> Server:
        """Start a server on this port: a program, with more in its environment. It does not serve yet."""
        shared = {"SERVER__PUBLIC_URL": self.public_url, "MONGO__URL": self.mongo_url, "CONFIG": self._config}
        known = {"SERVER__PORT": str(port), **shared, **settings}
        return await Server.start(self.folder, workers, module, environ, **known)

    async def serve(self, port: int, workers: int, /, **settings: str) -> Server:
        """Start a server on this port, and wait until it serves. Raises NotServing."""
        server = await self.start(port, workers, **settings)
        await server.until_serving(workers)
        return server

    async def examined(self) -> str | None:
        """What `doctor` says of it; None when it finds nothing."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "blogapi", "doctor"),
            cwd=ROOT,
            env={**os.environ, "BLOGAPI_MONGO__URL": self.mongo_url, "BLOGAPI_CONFIG": self._config},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return None if process.returncode == 0 else said.decode()

    @property
    def _config(self) -> str:
        return str(self.folder / "config.yaml")


@asynccontextmanager
async def empty_blog(public_url: str) -> AsyncIterator[Blog]:
    """A blog without a server, on a database of its own that outlives those that it gets; removed at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.yaml").write_text("{}\n")
        mongo = embedded_mongo(folder / "mongo")
        url = (await asyncio.to_thread(mongo.__enter__)).url
        try:
            yield Blog(folder, url, public_url)
        finally:
            await asyncio.to_thread(mongo.__exit__, None, None, None)
