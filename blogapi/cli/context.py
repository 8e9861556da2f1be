"""What commands work on: the configuration, the database that it names, and the services upon it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from blogapi.config import Config, load_config, variable, with_development_secret
from blogapi.db.client import Database, check_guarantees, connect, database_errors
from blogapi.db.indexes import create_indexes
from blogapi.db.mongod import embedded_mongo
from blogapi.services import STORES, Services, build_services

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blog:
    """A blog as a command has it before it."""

    config: Config
    database: Database
    services: Services


def read_config(file: Path | None, **options: object) -> Config:
    """The configuration, with a secret. An option that is given counts like its variable. Raises ConfigError."""
    given = {variable(key.replace("__", ".")): str(value) for key, value in options.items() if value is not None}
    return with_development_secret(load_config(file, {**os.environ, **given}))


@contextmanager
def database_url(config: Config) -> Iterator[str]:
    """Where the database is. Starts the embedded one unless it runs; enter and leave it outside of an event loop."""
    if config.mongo.url:
        yield config.mongo.url
    else:
        with embedded_mongo(config.mongo.data_dir, mongod=config.mongo.mongod) as mongo:
            yield mongo.url


@asynccontextmanager
async def open_database(config: Config, url: str) -> AsyncIterator[Database]:
    """The database, on a server that keeps our promises. Raises ConfigError, and Unavailable when it goes away."""
    client = connect(url, timeout_seconds=config.mongo.timeout_seconds, pool_size=config.mongo.pool_size)
    try:
        database = client[config.mongo.database]
        with database_errors():
            await check_guarantees(database, production=config.is_production)
            yield database
    finally:
        client.close()


def run(file: Path | None, work: Callable[[Blog], Awaitable[Result]], *, with_indexes: bool = True) -> Result:
    """Do a command's work on the blog that the configuration names. Raises ConfigError, BlogError."""
    config = read_config(file)
    with database_url(config) as url:
        return asyncio.run(_work(config, url, work, with_indexes))


async def _work(config: Config, url: str, work: Callable[[Blog], Awaitable[Result]], with_indexes: bool) -> Result:
    async with open_database(config, url) as database:
        if with_indexes:
            await create_indexes(database, STORES)
        services = build_services(config, database)
        try:
            return await work(Blog(config=config, database=database, services=services))
        finally:
            services.close()
