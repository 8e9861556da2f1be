"""`blogapi keys`: the keys that sign access tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from blogapi.cli.output import json_option, print_facts, print_json, print_table

if TYPE_CHECKING:
    from blogapi.cli.context import Blog
    from blogapi.cli.invocation import Invocation
    from blogapi.signing.model import RingKey


@click.group()
def keys() -> None:
    """List and rotate the keys that sign access tokens."""


@keys.command("list")
@json_option
@click.pass_obj
def list_keys(invocation: Invocation, as_json: bool) -> None:
    """List the keys, newest first, and which of them signs now."""
    from blogapi.cli.context import run

    rows = run(invocation, _list)
    if as_json:
        print_json({"keys": rows})
    else:
        print_table(["kid", "created", "signs from", "state"], [list(row.values()) for row in rows])


async def _list(blog: Blog) -> list[dict[str, str]]:
    from blogapi.signing.service import KeyRing

    ring = blog.services[KeyRing]
    signer, published = await ring.signer(), await ring.published()
    return [{**_facts(key), "state": _state(key, signer)} for key in published]


def _state(key: RingKey, signer: RingKey) -> str:
    if key.generation == signer.generation:
        return "signs"
    return "published" if key.generation > signer.generation else "verifies"


@keys.command()
@click.option(
    "--ahead",
    metavar="SECONDS",
    type=click.IntRange(0, 86_400),
    default=600,
    show_default=True,
    help="How long the new key is published before it signs. With fewer seconds, services that keep the key set may not"
    " know it yet.",
)
@json_option
@click.pass_obj
def rotate(invocation: Invocation, ahead: int, as_json: bool) -> None:
    """Add a key that signs from now on. Nobody is signed out: tokens of the old key stay valid until they expire."""
    from datetime import timedelta

    from blogapi.cli.context import run

    async def add(blog: Blog) -> dict[str, str]:
        from blogapi.signing.service import KeyRing

        return _facts(await blog.services[KeyRing].rotate(timedelta(seconds=ahead)))

    facts = run(invocation, add)
    if as_json:
        print_json(facts)
    else:
        print_facts(facts, "New signing key")


def _facts(key: RingKey) -> dict[str, Any]:
    from blogapi.clock import rfc3339

    return {"kid": key.kid, "created_at": rfc3339(key.created_at), "signs_from": rfc3339(key.signs_from)}
