"""`blogapi work`: one of the processes of `blogapi serve`, which starts it."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from blogapi.serving.patience import Patience

if TYPE_CHECKING:
    from blogapi.cli.invocation import Invocation
    from blogapi.config import Config
    from blogapi.feature import Feature, Wiring


@click.command(hidden=True)
@click.option("--socket", "descriptor", type=int, required=True, help="The descriptor of the socket that listens.")
@click.option("--patience", type=float, help="Seconds to wait, instead of server.start_patience_seconds.")
@click.option("--demo", is_flag=True, help="Make demo content if the blog is empty.")
@click.option("--spare", is_flag=True, help="Wait until there is need for this process.")
@click.pass_obj
def work(invocation: Invocation, descriptor: int, patience: float | None, demo: bool, spare: bool) -> None:
    """Serve on a socket that is open already, as long as the process that opened it lives."""
    # What is imported and built from here on stays. To look through it for garbage takes a tenth of the start.
    gc.disable()
    if spare:
        from blogapi.serving.launcher import wait_to_begin

        wait_to_begin(sys.stdin.fileno(), sys.stdout.fileno())

    from blogapi.serving.starter import end_with_starter

    end_with_starter(sys.stdin.fileno())

    from blogapi.cli.start import read_config
    from blogapi.config import with_development_secret
    from blogapi.operations.logs import set_up_logging

    # What anybody prints is for people to read.
    channel = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    config = with_development_secret(read_config(invocation))
    set_up_logging(config.log.level, config.log_format)
    seconds = config.server.start_patience_seconds if patience is None else patience
    with (
        socket.socket(fileno=descriptor) as listener,
        asyncio.Runner(loop_factory=_loop_factory()) as runner,
    ):
        runner.run(_work(config, invocation.features, listener, channel, seconds, demo=demo))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # there is none for this platform
        return None
    return uvloop.new_event_loop


async def _work(
    config: Config,
    features: Sequence[Feature[Any]],
    listener: socket.socket,
    descriptor: int,
    seconds: float,
    *,
    demo: bool,
) -> None:
    from blogapi.app import create_app
    from blogapi.cli.context import open_database
    from blogapi.feature import stores_of
    from blogapi.serving.worker import Channel, run_worker
    from blogapi.users.service import UserService
    from blogapi.wiring import SERVICES

    channel = Channel(descriptor, config.server)
    async with open_database(config, config.mongo.url, stores_of(features), patience=Patience(seconds)) as database:
        app = create_app(config, database, features)
        password = await _create_demo(config, app[SERVICES]) if demo else None
        has_admin = bool(await app[SERVICES][UserService].administrators.acting())
        facts = {"has_admin": has_admin, "password": password}
        await run_worker(app, config.server, listener, channel, facts, tells_measures=config.metrics.enabled)


async def _create_demo(config: Config, services: Wiring) -> str | None:
    from blogapi.cli.admin import new_password
    from blogapi.seeding.demo import create_demo, is_empty

    password = new_password(config.auth.password)
    if await is_empty(services) and await create_demo(services, password):
        return password
    return None
