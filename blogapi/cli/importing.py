"""`blogapi import`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blogapi.cli.output import json_option, print_json, print_table, progress

if TYPE_CHECKING:
    from blogapi.cli.context import Blog
    from blogapi.importers.run import Report

_COUNTS = ("created", "unchanged", "updated", "skipped", "refused")


@click.group("import")
def import_group() -> None:
    """Take over the posts of another blog."""


@import_group.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--source", metavar="NAME", help="What this blog is called. Default: the name of the folder.")
@click.option("--author", metavar="USERNAME", help="Whose the posts are that name nobody.")
@json_option
@click.pass_context
def markdown(ctx: click.Context, folder: Path, source: str | None, author: str | None, as_json: bool) -> None:
    """Import Markdown files with front matter (.md, .markdown, .mdx), from all folders below FOLDER.

    A post is known by its source and its path: importing again changes only what has changed in its file, and nothing
    that was edited here. Exits with 1 when a file was refused, the others being imported, and when there is no post.
    """
    from blogapi.cli.context import run
    from blogapi.importers.markdown import count_files, read_folder
    from blogapi.importers.run import Stopped, import_folder

    async def take_over(blog: Blog) -> Report:
        try:
            with progress("Importing files", count_files(folder)) as advance:
                found = read_folder(folder, source=source)
                return await import_folder(blog.services, found, author=author, on_progress=advance)
        except Stopped as stopped:
            _show(stopped.report, as_json)
            raise

    report = run(ctx.obj, take_over)
    _show(report, as_json)
    ctx.exit(1 if report.refused or not report.posts else 0)


def _show(report: Report, as_json: bool) -> None:
    counts = {name: getattr(report, name) for name in _COUNTS}
    if as_json:
        details: dict[str, Any] = {name: list(map(asdict, getattr(report, name))) for name in ("refusals", "notes")}
        print_json({**counts, **details})
        return
    print_table(list(_COUNTS), [list(counts.values())])
    for note in report.notes:
        click.echo(f"  {note.file}: {note.text}")
    for refusal in report.refusals:
        click.echo(f"  {refusal.file}: refused: {refusal.reason}")
