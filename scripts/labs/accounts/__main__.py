"""The command behind scripts/accounts."""

from __future__ import annotations

import asyncio
import random
import signal
import sys

import click
from rich.console import Console
from rich.progress import Progress

from blogapi.db.embedded.mongod import free_port
from scripts.labs.accounts.flows import live
from scripts.labs.accounts.mailbox import Mailbox
from scripts.labs.accounts.person import Person, Tally
from scripts.labs.blog import empty_blog
from scripts.labs.chance import chance_of
from scripts.labs.drain.server import NotServing, Server
from scripts.labs.drills import found_table, seed_option

_AT_LEAST_ONE = click.IntRange(1)
console = Console()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--people", type=_AT_LEAST_ONE, default=12, show_default=True, help="Who live at the same time.")
@click.option("--kills", type=_AT_LEAST_ONE, default=30, show_default=True, help="kill -9, of either of two servers.")
@seed_option
def main(people: int, kills: int, seed: int) -> None:
    """Let people use their accounts on two servers that are killed at random.

    Exit code 1: somebody was locked out or let in, a mail was lost, or `doctor` found something.
    """
    try:
        tally, complaint = asyncio.run(drill(people, kills, chance_of(seed)))
    except NotServing as error:
        sys.exit(f"scripts/accounts: {error}")
    rows = (
        ("people", f"{people}", ""),
        ("servers killed", f"{kills}", ""),
        ("requests", f"{tally.requests:,}", ""),
        ("of them cut off or refused", f"{tally.cut_off:,}", ""),
        *((name.replace("_", " "), f"{count:,}", "") for name, count in sorted(tally.flows.items())),
        ("locked out, let in, or told nothing", f"{len(tally.violations)}", "0"),
        ("doctor", "nothing" if complaint is None else "something", "nothing"),
    )
    console.print(found_table(seed, rows))
    console.print(*tally.violations, sep="\n", markup=False)
    if complaint is not None:
        console.print(complaint, markup=False)
    sys.exit(1 if tally.violations or complaint is not None else 0)


async def drill(people: int, kills: int, chance: random.Random) -> tuple[Tally, str | None]:
    """What people met, and what `doctor` said if it found anything. Raises NotServing."""
    ports = [free_port(), free_port()]
    async with empty_blog(f"http://localhost:{ports[0]}") as blog:
        servers: list[Server] = []
        try:
            with Progress(console=console, transient=True) as bars:
                for port in ports:
                    servers.append(await blog.serve(port, 1))
                over, tally, mailbox = asyncio.Event(), Tally(), Mailbox(blog.folder / "var" / "mail")
                lives = [
                    live(Person(f"mortal{number}", lambda: ports, mailbox, tally, chance), over.is_set)
                    for number in range(people)
                ]
                at_work = asyncio.gather(*lives)
                bar = bars.add_task("kill -9", total=kills)
                for _ in range(kills):
                    await asyncio.sleep(chance.uniform(0.5, 2))
                    victim = chance.randrange(2)
                    await servers[victim].end(signal.SIGKILL)
                    servers[victim] = await blog.serve(ports[victim], 1)
                    bars.advance(bar)
                over.set()
                await at_work
                for server in servers:
                    await server.end()
                return tally, await blog.examined()
        finally:
            for server in servers:
                await server.end()


if __name__ == "__main__":
    main(prog_name="scripts/accounts")
