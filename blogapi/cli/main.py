"""The commands, and what an error becomes: one line on standard error and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from blogapi.cli.admin import create_admin
from blogapi.cli.doctor import doctor
from blogapi.cli.importing import import_group, markdown
from blogapi.cli.indexes import indexes
from blogapi.cli.invocation import Invocation
from blogapi.cli.keys import keys, list_keys, rotate
from blogapi.cli.output import OutputLost, checked_output
from blogapi.cli.privacy import erase, export_data, privacy
from blogapi.cli.second_factors import reset_factors
from blogapi.cli.seed import seed
from blogapi.cli.serve import serve
from blogapi.cli.version import version
from blogapi.cli.work import work
from blogapi.errors import BlogError, ConfigError, Invalid, NotYet, Unavailable

if TYPE_CHECKING:
    from blogapi.feature import Feature

FAILURE, INTERRUPTED = 1, 130


class Commands(click.Group):
    """A group whose commands fail in one line."""

    def main(self, *args: Any, **options: Any) -> Any:
        """As click does. Ends with 1 when what is printed cannot be written, to a full disk for example."""
        try:
            with checked_output():
                return super().main(*args, **options)
        except OutputLost as lost:
            name = options.get("prog_name") or self.name
            click.echo(f"{name}: standard output cannot be written: {lost}. Send it elsewhere.", err=True)
            sys.exit(FAILURE)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. It ends with 1 for what the blog refuses, 130 for Ctrl-C, else as the error says."""
        try:
            return super().invoke(ctx)
        except (ConfigError, NotYet) as error:
            _fail(ctx, str(error), error.exit_code)
        except Unavailable as error:
            _fail(ctx, error.detail, NotYet.exit_code)
        except Invalid as error:
            faults = [f"{fault.pointer.lstrip('/')}: {fault.detail}" for fault in error.errors]
            _fail(ctx, " ".join(faults) or error.detail, FAILURE)
        except BlogError as error:
            _fail(ctx, error.detail, FAILURE)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except click.Abort as error:
            # At a prompt click makes this of a Ctrl-C, and also of the end of the input.
            ctx.exit(INTERRUPTED if isinstance(error.__context__, KeyboardInterrupt) else FAILURE)
        except Exception as error:
            if not type(error).__module__.startswith("pymongo."):  # which most commands have no need to load
                raise
            why = str(error).partition(", full error")[0]
            # 13 is Unauthorized, 18 AuthenticationFailed: only those are about rights.
            where = "at the rights of its user" if getattr(error, "code", None) in (13, 18) else "at its log"
            _fail(ctx, f"The database refused it: {why}. Look {where}.", FAILURE)


def _fail(ctx: click.Context, message: str, status: int) -> NoReturn:
    click.echo(f"{ctx.find_root().command.name}: {' '.join(message.split())}", err=True)
    ctx.exit(status)


def _be_configured(ctx: click.Context, _: click.Parameter, file: Path | None) -> None:
    ctx.obj = replace(ctx.obj, config=file)


def _lie_in(ctx: click.Context, _: click.Parameter, folder: Path | None) -> None:
    if folder is not None:
        ctx.obj = replace(ctx.obj, data=folder)


data_option = click.option(
    "--data",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    expose_value=False,
    callback=_lie_in,
    help="Where the embedded database and the secret lie. Default: the folder that BLOGAPI_DATA names, else var beside"
    " the configuration, else blogapi in the user's folder for state.",
)


config_option = click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    expose_value=False,
    callback=_be_configured,
    help="The configuration. Default: the file that BLOGAPI_CONFIG names, else config.yaml.",
)
_ABOUT = """\
The publishing server behind a blog.

\b
Exit codes: 0 done, 1 failed or something was refused, 2 wrong usage,
75 something is not there yet: try again, 78 wrong configuration, 130 interrupted.
"""
_COMMANDS = (serve, work, seed, import_group, create_admin, reset_factors, keys, privacy, indexes, doctor, version)

for command in (
    serve,
    seed,
    markdown,
    create_admin,
    reset_factors,
    list_keys,
    rotate,
    export_data,
    erase,
    indexes,
    doctor,
):
    data_option(command)  # people write it behind the command, too


def make_main(name: str, features: Sequence[Feature[Any]]) -> click.Group:
    """The command line of a program of somebody's own: all commands of blogapi on these features, and their commands.

    Raises ValueError for a command whose name is taken.
    """
    return _make(name, tuple(features))


def _make(name: str, own_features: tuple[Feature[Any], ...] | None) -> click.Group:
    settings = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
    group = Commands(name, context_settings={**settings, "obj": Invocation(own_features=own_features)}, help=_ABOUT)
    for command in (*_COMMANDS, *(command for feature in own_features or () for command in feature.commands)):
        if command.name in group.commands:
            raise ValueError(f"There are two commands called {command.name!r}.")
        group.add_command(command)
    return data_option(config_option(group))


main = _make("blogapi", None)
