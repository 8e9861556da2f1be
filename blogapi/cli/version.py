"""`blogapi version`."""

from __future__ import annotations

import importlib.metadata
import platform

import click

from blogapi import __version__
from blogapi.cli.output import json_option, print_facts, print_json

_PARTS = ("aiohttp", "motor", "pymongo", "marshmallow")


@click.command()
@json_option
def version(as_json: bool) -> None:
    """Say which version this is, and of what it is made."""
    parts = {part: importlib.metadata.version(part) for part in _PARTS}
    facts = {"blogapi": __version__, "python": platform.python_version(), **parts}
    (print_json if as_json else print_facts)(facts)
