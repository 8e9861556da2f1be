"""`blogapi seed`."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from blogapi.cli.output import json_option, print_facts, print_json, progress

if TYPE_CHECKING:
    from blogapi.cli.context import Blog
    from blogapi.cli.invocation import Invocation
    from blogapi.seeding.run import Seeded


@click.command()
@click.option("--posts", metavar="N", type=click.IntRange(0, 10_000_000), required=True, help="How many posts in all.")
@click.option("--users", metavar="N", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--tags", metavar="N", type=click.IntRange(0, 10_000), default=60, show_default=True)
@click.option("--drafts", metavar="PERCENT", type=click.IntRange(0, 100), default=5, show_default=True)
@click.option(
    "--body-kb",
    metavar="N",
    type=click.IntRange(1, 256),
    default=5,
    show_default=True,
    help="Size of a body, in the mean.",
)
@click.option(
    "--seed", "number", metavar="S", type=int, default=1, show_default=True, help="The same one makes the same content."
)
@json_option
@click.pass_obj
def seed(
    invocation: Invocation, posts: int, users: int, tags: int, drafts: int, body_kb: int, number: int, as_json: bool
) -> None:
    """Fill the blog with made-up people, tags and posts in five languages.

    What an earlier run with the same seed made is left as it is; a larger number of posts continues it.
    """
    from blogapi.cli.context import run
    from blogapi.errors import ConfigError
    from blogapi.seeding.run import Seeder, Wish

    wish = Wish(seed=number, posts=posts, users=users, tags=tags, drafts=drafts, body_bytes=body_kb * 1000)

    async def fill(blog: Blog) -> Seeded:
        if blog.config.is_production:
            raise ConfigError("environment: made-up content does not belong into production.")
        with progress("Writing posts", posts) as advance:
            return await Seeder(blog.services, wish).run(advance)

    start = time.monotonic()
    made = run(invocation, fill)
    seconds = time.monotonic() - start
    facts = {f"{kind}_created": count for kind, count in asdict(made).items()}
    if as_json:
        print_json({**facts, "posts_unchanged": posts - made.posts, "seconds": round(seconds, 3)})
    elif not any(facts.values()):
        click.echo(f"Nothing to do: everything that seed {number} makes is there.")
    else:
        rate = f"{made.posts / seconds:,.0f} a second" if made.posts else ""
        print_facts({"Posts": f"{made.posts:,} {rate}".strip(), "People": made.users, "Tags": made.tags}, "Created")
