"""What commands work on: the configuration, the database that it names, and the services upon it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from blogapi.cli.invocation import Invocation
from blogapi.cli.start import database_url, read_config
from blogapi.config import Config, with_development_secret
from blogapi.db.client import Client, Database, check_guarantees, connect, database_errors
from blogapi.db.indexes import Store, create_indexes
from blogapi.errors import NotYet, Unavailable
from blogapi.feature import Wiring, stores_of
from blogapi.operations.timekeeping import keeping_time
from blogapi.serving.patience import Patience
from blogapi.wiring import build_services

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blog:
    """A blog as a command has it before it."""

    config: Config
    database: Database
    services: Wiring


@asynccontextmanager
async def open_database(
    config: Config, url: str, stores: Sequence[type[Store]] = (), *, patience: Patience | None = None
) -> AsyncIterator[Database]:
    """The database, on a server that keeps our promises, and with the indexes of these stores.

    Its clock shows the time of the server. Raises ConfigError, and NotYet when it does not come while there is
    patience, of which there is none by default; Unavailable when it goes away.
    """
    patience = patience or Patience(0)
    while True:
        try:
            client = await _reach(config, url, stores)
            break
        except NotYet as missing:
            await asyncio.sleep(patience.pause_after(missing))
    try:
        with database_errors():
            async with keeping_time(client):
                yield client[config.mongo.database]
    finally:
        await client.close()


async def _reach(config: Config, url: str, stores: Sequence[type[Store]]) -> Client:
    # A new client for each try: what an old one has found out about names stays with it.
    mongo = config.mongo
    client = connect(url, driver=mongo.driver, timeout_seconds=mongo.timeout_seconds, pool_size=mongo.pool_size)
    try:
        with database_errors():
            await check_guarantees(client[mongo.database], production=config.is_production)
            await create_indexes(client[mongo.database], stores)
    except BaseException as error:
        await client.close()
        if isinstance(error, Unavailable):
            raise NotYet(f"mongo.url: {error}") from error
        raise
    return client


def run(invocation: Invocation, work: Callable[[Blog], Awaitable[Result]], *, with_indexes: bool = True) -> Result:
    """Do a command's work on the blog that the configuration names. Raises ConfigError, NotYet, BlogError."""
    config = read_config(invocation)
    features = invocation.features
    stores = stores_of(features) if with_indexes else ()

    async def on_blog(config: Config, url: str) -> Result:
        async with open_database(config, url, stores) as database:
            services = build_services(config, database, features)
            return await work(Blog(config=config, database=database, services=services))

    with database_url(config) as url:
        return asyncio.run(on_blog(with_development_secret(config), url))
