"""What commands work on: the configuration, the database that it names, and the services upon it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from blogapi.cli.start import database_url, read_config
from blogapi.config import Config
from blogapi.db.client import Database, check_guarantees, connect, database_errors
from blogapi.db.indexes import create_indexes
from blogapi.services import STORES, Services, build_services

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blog:
    """A blog as a command has it before it."""

    config: Config
    database: Database
    services: Services


@asynccontextmanager
async def open_database(config: Config, url: str) -> AsyncIterator[Database]:
    """The database, on a server that keeps our promises. Raises ConfigError, and Unavailable when it goes away."""
    mongo = config.mongo
    client = connect(url, driver=mongo.driver, timeout_seconds=mongo.timeout_seconds, pool_size=mongo.pool_size)
    try:
        database = client[mongo.database]
        with database_errors():
            await check_guarantees(database, production=config.is_production)
            yield database
    finally:
        await client.close()


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
