"""`guestbook entries`. What is heavy is imported when it runs, so that `--help` is there at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from blogapi.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from blogapi.cli.context import Blog
    from blogapi.cli.invocation import Invocation


@click.command()
@click.option("--last", metavar="N", type=click.IntRange(1, 100), default=20, show_default=True, help="How many.")
@json_option
@click.pass_obj
def entries(invocation: Invocation, last: int, as_json: bool) -> None:
    """Show the last entries of the guestbook."""
    from blogapi.cli.context import run
    from blogapi.paging.page import PageRequest
    from guestbook.schemas import entry_view
    from guestbook.service import GuestbookService

    async def read(blog: Blog) -> list[dict[str, Any]]:
        page = await blog.services[GuestbookService].list(PageRequest(limit=last))
        return [entry_view(entry) for entry in page.items]

    found = run(invocation, read)
    if as_json:
        print_json({"entries": found})
    else:
        print_table(
            ["written_at", "author", "text"], [[e["written_at"], e["author"]["username"], e["text"]] for e in found]
        )
