"""`blogapi privacy`: what people can do with their own data, for an operator whom they ask."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from blogapi.cli.output import json_option, print_facts, print_json

if TYPE_CHECKING:
    from blogapi.cli.context import Blog
    from blogapi.cli.invocation import Invocation
    from blogapi.users.model import User


@click.group()
def privacy() -> None:
    """Export the data of people, and erase people."""


@privacy.command("export")
@click.argument("user", metavar="USER")
@click.option(
    "--output",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The zip archive to write. A file that is there is not replaced.",
)
@json_option
@click.pass_obj
def export_data(invocation: Invocation, user: str, output: Path, as_json: bool) -> None:
    """Write all data of USER, by username, e-mail address or id, to a zip archive."""
    from blogapi.cli.context import run

    if output.exists():
        raise click.UsageError(f"{output} is there already.")

    async def write(blog: Blog) -> dict[str, Any]:
        from blogapi.access.administrator import as_operator
        from blogapi.privacy.service import PrivacyService

        found = await _find(blog, user)
        size = 0
        with _whole_file(output) as file:
            async for part in blog.services[PrivacyService].exports.make_for(as_operator(), found):
                size += file.write(part)
        return {"id": found.id, "file": str(output), "bytes": size}

    try:
        facts = run(invocation, write)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error
    if as_json:
        print_json(facts)
    else:
        print_facts(facts, "Exported")


@privacy.command()
@click.argument("user", metavar="USER")
@click.option("--now", is_flag=True, help="Erase at once, without days in which signing in calls it off.")
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
@json_option
@click.pass_obj
def erase(invocation: Invocation, user: str, now: bool, yes: bool, as_json: bool) -> None:
    """Erase USER, by username, e-mail address or id. The posts stay, without the name.

    Without --now it is what users do themselves: it happens after privacy.grace_days, unless they sign in.
    """
    from blogapi.cli.context import run

    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("There is no terminal to ask at: give --yes.")
        click.confirm(f"Erase {user} for good?" if now else f"Erase {user}?", abort=True, err=True)

    async def work(blog: Blog) -> dict[str, Any]:
        from blogapi.access.administrator import as_operator
        from blogapi.clock import rfc3339_or_none
        from blogapi.privacy.service import PrivacyService
        from blogapi.users.service import UserService

        users, found = blog.services[UserService], await _find(blog, user)
        if not now:
            found = await users.erasures.schedule(as_operator(), found)
            return {"id": found.id, "state": "scheduled", "erasure_at": rfc3339_or_none(found.erasure_at)}
        await users.erase(as_operator(), found.id)
        await blog.services[PrivacyService].erase()
        return {"id": found.id, "state": "erased", "erasure_at": None}

    facts = run(invocation, work)
    if as_json:
        print_json(facts)
    else:
        print_facts({name: value for name, value in facts.items() if value is not None}, "Erasure")


@contextmanager
def _whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that is there when all is written, or not at all, and that only its owner can read."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            yield file
        os.link(draft, path)  # which replaces no file that has come meanwhile
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)


async def _find(blog: Blog, user: str) -> User:
    from blogapi.errors import NotFound
    from blogapi.ids import is_id
    from blogapi.translation.sentence import say
    from blogapi.users.service import UserService

    users = blog.services[UserService]
    found = await (users.find(user) if is_id(user) else users.find_by_login(user))
    if found is None:
        raise NotFound(say("There is no user {user!r}.", user=user))
    return found
