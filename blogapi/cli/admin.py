"""`blogapi create-admin`."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING

import click

from blogapi.cli.output import json_option, print_facts, print_json

if TYPE_CHECKING:
    from blogapi.cli.context import Blog
    from blogapi.cli.invocation import Invocation
    from blogapi.config import PasswordConfig
    from blogapi.users.model import User


@click.command("create-admin")
@click.option("--username", metavar="NAME", required=True, help="3 to 32 letters, digits, _ and -.")
@click.option("--email", metavar="ADDRESS", required=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@click.option("--generate", is_flag=True, help="Make up a password and print it, this once.")
@json_option
@click.pass_obj
def create_admin(
    invocation: Invocation, username: str, email: str, password_stdin: bool, generate: bool, as_json: bool
) -> None:
    """Make an administrator. Asks for the password unless an option says where it comes from."""
    from blogapi.access.administrator import as_operator
    from blogapi.cli.context import run
    from blogapi.users.service import UserService

    if password_stdin and generate:
        raise click.UsageError("--password-stdin and --generate exclude each other.")
    given = "" if generate else _read_password(password_stdin)
    facts: dict[str, str] = {}

    async def create(blog: Blog) -> User:
        password = new_password(blog.config.auth.password) if generate else given
        facts.update({"password": password} if generate else {})
        return await blog.services[UserService].making.create_admin(as_operator(), username, email, password)

    user = run(invocation, create)
    facts = {"id": user.id, "username": user.username, "email": user.email or "", "role": user.role, **facts}
    if as_json:
        print_json(facts)
    else:
        print_facts(facts, "New administrator" + (": the password is not shown again" if generate else ""))


def new_password(rules: PasswordConfig) -> str:
    """A random one that the rules allow."""
    length = max(16, rules.min_length)
    return secrets.token_urlsafe(length)[:length]


def _read_password(from_stdin: bool) -> str:
    if from_stdin:
        # As bytes: what the terminal calls a character is no business of a password's.
        line = sys.stdin.buffer.readline().removesuffix(b"\n").removesuffix(b"\r")
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise click.UsageError("The password on standard input is not UTF-8.") from None
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask at: give --password-stdin or --generate.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True)
    return password
