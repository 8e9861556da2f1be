"""`blogapi reset-factors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from blogapi.cli.output import json_option, print_json

if TYPE_CHECKING:
    from blogapi.cli.context import Blog
    from blogapi.cli.invocation import Invocation


@click.command("reset-factors")
@click.argument("user", metavar="USER")
@json_option
@click.pass_obj
def reset_factors(invocation: Invocation, user: str, as_json: bool) -> None:
    """Remove the authenticator app, the recovery codes and the passkeys of USER, a username or an e-mail address.

    For somebody who has lost them all. Make sure that it is them: the password alone signs in again.
    """
    from blogapi.cli.context import run

    async def reset(blog: Blog) -> bool:
        from blogapi.access.administrator import as_operator
        from blogapi.passkeys.service import PasskeyService
        from blogapi.second_factors.service import SecondFactors

        had_passkeys = await blog.services[PasskeyService].reset(as_operator(), user)
        had_app = await blog.services[SecondFactors].reset(as_operator(), user)
        return had_passkeys or had_app

    had_any = run(invocation, reset)
    if as_json:
        print_json({"removed": had_any})
    else:
        click.echo("The second factors were removed." if had_any else "There were no second factors.")
