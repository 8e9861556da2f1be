"""`blogapi serve`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from blogapi.cli.output import print_facts

if TYPE_CHECKING:
    from socket import socket

    from blogapi.config import Config
    from blogapi.services import Services


@click.command()
@click.option("--empty", is_flag=True, help="Make no demo content on the first start.")
@click.option("--host", metavar="HOST", help="Where to listen, instead of server.host.")
@click.option("--port", metavar="PORT", type=click.IntRange(0, 65535), help="Instead of server.port; 0: any free one.")
@click.pass_obj
def serve(file: Path | None, empty: bool, host: str | None, port: int | None) -> None:
    """Serve the blog until SIGTERM or Ctrl-C.

    The first start in development makes an administrator, whose password it prints this once, and a few posts.
    """
    from blogapi.cli.context import database_url, read_config
    from blogapi.logs import set_up_logging
    from blogapi.web.server import take_address

    config = read_config(file, server__host=host, server__port=port)
    set_up_logging(config.log.level, config.log_format)
    # The address first: the app has to know its own, and what is taken is told before anything else is begun.
    with take_address(config.server) as listener:
        config = replace(config, server=replace(config.server, port=listener.getsockname()[1]))
        place = _place_of(config)
        with database_url(config) as url, asyncio.Runner(loop_factory=_loop_factory()) as runner:
            config = replace(config, mongo=replace(config.mongo, url=url))
            runner.run(_serve(config, listener, place, is_empty=empty or config.is_production))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # there is none for this platform
        return None
    return uvloop.new_event_loop


async def _serve(config: Config, listener: socket, place: str, *, is_empty: bool) -> None:
    from blogapi.app import create_app
    from blogapi.cli.context import open_database
    from blogapi.db.indexes import create_indexes
    from blogapi.services import SERVICES, STORES
    from blogapi.web.server import run_until_stopped

    async with open_database(config, config.mongo.url) as database:
        await create_indexes(database, STORES)
        app = create_app(config, database)
        password = None if is_empty else await _create_demo(config, app[SERVICES])
        has_admin = bool(await app[SERVICES].stores.users.acting_admins())

        def announce() -> None:
            _print_banner(config, place, has_admin=has_admin)
            if password is not None:
                _print_demo(config.public_url, password)

        await run_until_stopped(app, config.server, listener, announce)


async def _create_demo(config: Config, services: Services) -> str | None:
    from blogapi.cli.admin import new_password
    from blogapi.seeding.demo import create_demo, is_empty

    password = new_password(config.auth.password)
    if await is_empty(services) and await create_demo(services, password):
        return password
    return None


def _print_banner(config: Config, place: str, *, has_admin: bool) -> None:
    here = replace(config, server=replace(config.server, public_url="")).public_url
    facts = {
        "Address": here,
        **({} if config.public_url == here else {"Public address": config.public_url}),
        "Documentation": f"{config.public_url}/docs",
        "Database": place,
        "Logs": f"{config.log_format}, {config.log.level}, on standard error",
    }
    if not has_admin:
        facts["Administrator"] = "none yet: make one with create-admin"
    print_facts(facts, "blogapi")
    sys.stdout.flush()


def _place_of(config: Config) -> str:
    """Where the documents are, without credentials."""
    name = config.mongo.database
    if not config.mongo.url:
        return f"{name}, embedded, in {config.mongo.data_dir}"
    return f"{name} on {urlsplit(config.mongo.url).netloc.rpartition('@')[2]}"


def _print_demo(address: str, password: str) -> None:
    from blogapi.seeding.demo import ADMIN

    facts = {"Username": ADMIN, "Password": password, "Documentation": f"{address}/docs"}
    print_facts(facts, "Demo content: the administrator's password is not shown again")
    body = f'{{"login": "{ADMIN}", "password": "{password}"}}'
    click.echo(f"Sign in: curl {address}/v1/auth/login -H 'Content-Type: application/json' -d '{body}'")
    sys.stdout.flush()
