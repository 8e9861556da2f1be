"""`blogapi indexes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from blogapi.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from blogapi.cli.context import Blog
    from blogapi.cli.invocation import Invocation


@click.command()
@json_option
@click.pass_obj
def indexes(invocation: Invocation, as_json: bool) -> None:
    """Create the indexes that are missing, and list all of them."""
    from blogapi.cli.context import run

    rows = run(invocation, _create, with_indexes=False)
    if as_json:
        print_json({"indexes": rows, "created": sum(row["state"] == "created" for row in rows)})
    else:
        print_table(["collection", "index", "keys", "state"], [list(row.values()) for row in rows])


async def _create(blog: Blog) -> list[dict[str, str]]:
    from blogapi.db.indexes import create_indexes, index_keys, missing_indexes

    stores = blog.services.stores
    missing = set(await missing_indexes(blog.database, stores))
    await create_indexes(blog.database, stores)
    return [
        {
            "collection": name.split(".", 1)[0],
            "index": name.split(".", 1)[1],
            "keys": keys,
            "state": "created" if name in missing else "present",
        }
        for name, keys in index_keys(stores).items()
    ]
