"""`blogapi serve`."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from blogapi.cli.output import print_facts
from blogapi.errors import ConfigError
from blogapi.jobs.tasks import running
from blogapi.serving.patience import Patience

if TYPE_CHECKING:
    from blogapi.cli.invocation import Invocation
    from blogapi.config import Config
    from blogapi.serving.metrics_port import MetricsPort
    from blogapi.serving.reloading import Reloading
    from blogapi.serving.workers import Workers


# For glibc, when a worker starts: kept answers come and go, and in one heap with all the rest they leave holes of three
# times their own size. So each has pages of its own; but only as many as leave room among what a process may map. And
# threads share heaps, of which each would have holes of its own: only one of them runs at a time.
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "16384", "MALLOC_MMAP_MAX_": "16384", "MALLOC_ARENA_MAX": "2"}


@click.command()
@click.option("--empty", is_flag=True, help="Make no demo content on the first start.")
@click.option("--host", metavar="HOST", help="Where to listen, instead of server.host.")
@click.option("--port", metavar="PORT", type=click.IntRange(0, 65535), help="Instead of server.port; 0: any free one.")
@click.option(
    "--workers", metavar="N", type=click.IntRange(0, 1024), help="Instead of server.workers; 0: one for each core."
)
@click.option("--reload", is_flag=True, help="For developers: new workers when code or configuration changes.")
@click.pass_context
def serve(ctx: click.Context, /, empty: bool, reload: bool, **options: str | int | None) -> None:
    """Serve the blog until SIGTERM or Ctrl-C.

    The first start in development makes an administrator, whose password it prints this once, and a few posts.
    """
    # Little is imported here, and nothing that starts threads: the work is done by processes of their own.
    from blogapi.cli.start import database_url, read_config, variables
    from blogapi.config import with_development_secret
    from blogapi.operations.logs import set_up_logging
    from blogapi.serving.launcher import Launcher
    from blogapi.serving.listening import take_address
    from blogapi.serving.workers import WorkerFailed, Workers

    given = {f"server__{name}": value for name, value in options.items()}
    config = read_config(ctx.obj, **given)
    set_up_logging(config.log.level, config.log_format)
    reloading = _reloading(config) if reload else None
    if reloading is not None:
        given = {**given, **reloading.settings(config)}
        config = read_config(ctx.obj, **given)
    # The address first: the app has to know its own, and what is taken is told before anything else is begun.
    patience = Patience(config.server.start_patience_seconds)
    with take_address(config.server, patience) as listener:
        metrics = _metrics_port(config)
        config = replace(config, server=replace(config.server, port=listener.getsockname()[1]))
        with database_url(config, patience) as url:
            with_development_secret(config)  # once for all workers, and after all that can prevent a start
            fixed = {**given, "server__port": config.server.port, "mongo__url": None if config.mongo.url else url}
            environ = {**_MALLOC, **os.environ, **variables(fixed)}
            workers = Workers(
                Launcher(_command(ctx.obj, listener.fileno()), environ, listener, keeps_spare=reload),
                listener,
                stop_seconds=config.server.stop_seconds,
                stuck_seconds=config.server.stuck_seconds,
                recount=lambda: _recount(ctx.obj, given, config),
            )
            demo = [] if empty or config.is_production else ["--demo"]
            first = ["--patience", f"{patience.left:.1f}", *demo]
            try:
                asyncio.run(_run(workers, config, first, metrics, reloading))
            except WorkerFailed as error:
                ctx.exit(error.code if error.code > 0 else 1)


def _reloading(config: Config) -> Reloading:
    from blogapi.serving.reloading import Reloading

    return Reloading(config, click.echo)


def _metrics_port(config: Config) -> MetricsPort | None:
    if not config.metrics.enabled:
        return None
    from blogapi.operations.ledger import Ledger
    from blogapi.serving.metrics_port import MetricsPort

    return MetricsPort(config.metrics, Ledger())


async def _run(
    workers: Workers, config: Config, first: list[str], metrics: MetricsPort | None, reloading: Reloading | None
) -> None:
    """Serve, with all that goes on beside it."""
    async with AsyncExitStack() as beside:
        if metrics is not None:
            metrics.ledger.add(*workers.measures())
            workers.hearer = metrics.ledger
            await beside.enter_async_context(running(metrics.serve()))
        if reloading is not None:
            await beside.enter_async_context(running(reloading.watch(workers.renew)))
        await workers.run(config.server.processes, first, lambda told: _announce(config, told, metrics))


def _command(invocation: Invocation, descriptor: int) -> list[str]:
    named = {"--config": invocation.config, "--data": invocation.data}
    options = [text for name, path in named.items() if path is not None for text in (name, str(path))]
    return [sys.executable, *_program(invocation), *options, "work", "--socket", str(descriptor)]


def _program(invocation: Invocation) -> list[str]:
    """How Python is told to run this program once more. Raises ConfigError."""
    main = sys.modules["__main__"]
    safe_path = ["-P"] if sys.flags.safe_path else []
    if invocation.own_features is None:
        # Where we look for modules: in the working folder only if that is where we were found.
        return [*(safe_path if main.__spec__ else ["-P"]), "-m", "blogapi"]
    if main.__spec__ is not None and main.__spec__.name != "__main__":
        return [*safe_path, "-m", main.__spec__.name.removesuffix(".__main__")]
    script = getattr(main, "__file__", None)
    if script is None:
        raise ConfigError(
            "A worker is this program run anew, and this one has no file: start it as a module or script."
        )
    # A folder or an archive is run by the `__main__.py` in it.
    return [*safe_path, os.path.abspath(script if main.__spec__ is None else os.path.dirname(script))]


def _recount(invocation: Invocation, options: dict[str, Any], before: Config) -> int:
    """How many workers the configuration wants now. Raises ConfigError where it is wrong, or needs a new start."""
    from blogapi.cli.start import read_config

    after = read_config(invocation, **options)
    held = {
        "server.host": after.server.host != before.server.host,
        "server.port": after.server.port not in {0, before.server.port},
        "metrics": after.metrics != before.metrics,
        "mongo.url": bool(after.mongo.url) != bool(before.mongo.url),
        "the data folder": after.data != before.data,
        "mongo.data_dir": not after.mongo.url and after.mongo.data_dir != before.mongo.data_dir,
    }
    if changed := [key for key, has_changed in held.items() if has_changed]:
        raise ConfigError(f"{', '.join(changed)}: a change takes a stop and a start.")
    return after.server.processes


def _announce(config: Config, told: dict[str, Any], metrics: MetricsPort | None) -> None:
    _print_banner(config, _place_of(config), metrics, has_admin=told["has_admin"])
    if told["password"] is not None:
        _print_demo(config.public_url, told["password"])


def _print_banner(config: Config, place: str, metrics: MetricsPort | None, *, has_admin: bool) -> None:
    here = replace(config, server=replace(config.server, public_url="")).public_url
    facts = {
        "Address": here,
        **({} if config.public_url == here else {"Public address": config.public_url}),
        "Documentation": f"{config.public_url}/docs",
        "Configuration": str(config.file or "defaults and environment: there is no config.yaml"),
        "Database": place,
        "Secret": _place_of_secret(config),
        "Mail": _place_of_mail(config),
        "Processes": str(config.server.processes),
        **({} if metrics is None else {"Metrics": metrics.address or "none yet: another process has their port"}),
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


def _place_of_mail(config: Config) -> str:
    """Where mails go or, without mail, what does not work."""
    if config.mail.url:
        return f"to {urlsplit(config.mail.url).netloc.rpartition('@')[2]}, from {config.mail_from}"
    if not config.is_production:
        return f"as files in {config.mail_folder}"
    off = "confirming and changing addresses, new passwords by mail, invitations, notices"
    registering = ", registration" if config.registration.verify_email == "first" else ""
    return f"none: mail.url is not set. Off: {off}{registering}"


def _place_of_secret(config: Config) -> str:
    from blogapi.config import variable

    return variable("auth.secret") if config.auth.secret else str(config.data / "secret")


def _print_demo(address: str, password: str) -> None:
    from blogapi.seeding.demo import ADMIN

    facts = {"Username": ADMIN, "Password": password, "Documentation": f"{address}/docs"}
    print_facts(facts, "Demo content: the administrator's password is not shown again")
    body = f'{{"login": "{ADMIN}", "password": "{password}"}}'
    click.echo(f"Sign in: curl {address}/v1/auth/login -H 'Content-Type: application/json' -d '{body}'")
    sys.stdout.flush()
