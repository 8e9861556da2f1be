"""`serve --reload`: new workers as soon as code or configuration changes, for who develops."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import blogapi
from blogapi.config import Config
from blogapi.errors import ConfigError

_PACKAGE = Path(blogapi.__file__).resolve().parent
# What is read from the package: code, and what is served as it is.
_KINDS = frozenset({".py", ".html", ".js", ".css", ".json", ".txt", ".gz", ".png", ".svg"})
_DOTENV = ".env"
# A change is told when so much has passed without another, so that what is saved together is one change.
_QUIET_MS = 50


class Reloading:
    """Watches the package, the file of the configuration and `.env` beside it. Says which files have changed."""

    def __init__(self, config: Config, say: Callable[[str], None]) -> None:
        """Raises ConfigError where this is not to be."""
        if config.is_production:
            raise ConfigError("serve --reload: is for development. In production SIGHUP replaces the workers.")
        try:
            import watchfiles  # noqa: F401
        except ImportError:
            raise ConfigError(
                "serve --reload: needs the package watchfiles. Install it: pip install 'blogapi[reload]'."
            ) from None
        self._say = say
        files = [config.root / _DOTENV, *([] if config.file is None else [config.file])]
        self._read = {file.parent.resolve() / file.name for file in files}

    @staticmethod
    def settings(config: Config) -> Mapping[str, int]:
        """What is different: one worker unless more are asked for, and no long goodbye to idle connections."""
        return {"server__keepalive_seconds": 1, **({} if config.server.workers else {"server__workers": 1})}

    async def watch(self, renew: Callable[[], None]) -> None:
        """Until cancelled."""
        # Of files their folders, since an editor puts a new file in the place of the old one.
        folders = {file.parent for file in self._read}
        async with asyncio.TaskGroup() as both:
            both.create_task(self._follow([_PACKAGE], _is_code, renew, recursive=True))
            both.create_task(self._follow(folders, self._is_read, renew, recursive=False))

    async def _follow(
        self, folders: Iterable[Path], counts: Callable[[Path], bool], renew: Callable[[], None], *, recursive: bool
    ) -> None:
        from watchfiles import awatch

        def is_wanted(_: object, path: str) -> bool:
            return counts(Path(path))

        try:
            async for changes in awatch(*folders, watch_filter=is_wanted, step=_QUIET_MS, recursive=recursive):
                names = sorted({self._name(Path(path)) for _, path in changes})
                self._say(f"changed: {', '.join(names)}")
                renew()
        except (OSError, RuntimeError) as error:  # the system watches only so many files
            watched = ", ".join(map(str, folders))
            self._say(f"serve --reload: {watched} cannot be watched ({error}). Reload by hand: kill -HUP {os.getpid()}")

    def _is_read(self, path: Path) -> bool:
        return path in self._read

    def _name(self, path: Path) -> str:
        return path.name if path in self._read else os.path.relpath(path, _PACKAGE.parent)


def _is_code(path: Path) -> bool:
    return path.suffix in _KINDS and "__pycache__" not in path.parts
