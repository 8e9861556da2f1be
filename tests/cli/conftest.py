"""Commands run in this process on a database of their own, or as processes where that makes a difference."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import click
import pytest
from click.testing import CliRunner, Result

from blogapi.cli import context
from blogapi.cli.invocation import Invocation
from blogapi.cli.main import main
from tests.databases import empty
from tests.servers import DRIVER

ROOT = Path(__file__).parents[2]
SECRET = "a test secret that is long enough 0123456789"

CONFIG = """\
mongo: {data_dir: mongo, timeout_seconds: 1}
auth: {bcrypt_rounds: 4}
server: {port: 0, workers: 1}
metrics: {port: 0}
"""


@contextmanager
def kept_logging() -> Iterator[None]:
    """Undo what a command does to the logging of this process, which later tests share."""
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    try:
        yield
    finally:
        for logger, level, handlers in before:
            logger.setLevel(level)
            logger.handlers[:] = handlers


@dataclass
class Commands:
    """A program, `python -m blogapi` for example, with its configuration."""

    file: Path
    environ: dict[str, str] = field(default_factory=dict)
    main: click.Group = main

    def __call__(self, *arguments: str, input: str | bytes | None = None, **settings: str) -> Result:
        """Run a command in this process."""
        given = {f"BLOGAPI_{name}": value for name, value in settings.items()}
        with kept_logging(), pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("BLOGAPI_")]:
                patch.delenv(name)
            for name, value in {**self.environ, **given}.items():
                patch.setenv(name, value)
            result = CliRunner().invoke(self.main, ["--config", str(self.file), *arguments], input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *arguments: str, status: int = 0) -> Any:
        """Run a command with --json, see that it prints one object and nothing else, and return that."""
        result = self(*arguments, "--json")
        assert result.exit_code == status, result.output
        return json.loads(result.stdout)

    def start(self, *arguments: str, stdout: int | IO[str] = subprocess.PIPE, **settings: str) -> subprocess.Popen[str]:
        """Run a command as a process; to be used in a `with`, which waits for it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BLOGAPI_")}
        given = {f"BLOGAPI_{name}": value for name, value in settings.items()}
        return subprocess.Popen(
            [sys.executable, "-m", str(self.main.name), "--config", str(self.file), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**kept, **self.environ, **given},
        )

    def work(self, work: Callable[[context.Blog], Awaitable[Any]], **options: Any) -> Any:
        """Use the blog as a command does."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environ.items():
                patch.setenv(name, value)
            return context.run(Invocation(config=self.file), work, **options)


@pytest.fixture
def commands(tmp_path):
    """Commands that find no database."""
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    return Commands(file, {"BLOGAPI_AUTH__SECRET": SECRET, DRIVER: os.environ[DRIVER]})


@pytest.fixture
def documents(mongo):
    """A database without documents, for a look behind the commands."""
    database = mongo["cli"]
    empty(database)
    return database


@pytest.fixture
def blog(commands, mongo_url, documents):
    """Commands on that database."""
    # The short timeout is for a database that is not there.
    commands.environ |= {
        "BLOGAPI_MONGO__URL": mongo_url,
        "BLOGAPI_MONGO__DATABASE": documents.name,
        "BLOGAPI_MONGO__TIMEOUT_SECONDS": "30",
    }
    return commands
