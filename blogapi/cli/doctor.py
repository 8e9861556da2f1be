"""`blogapi doctor`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from blogapi.cli.output import json_option, print_json, print_table
from blogapi.deadline import OVER

if TYPE_CHECKING:
    from blogapi.cli.context import Blog
    from blogapi.operations.doctor import Finding

_SHOWN = 5
_LISTED = 100


@click.command()
@click.option("--fix", is_flag=True, help="Repair what is found.")
@click.option(
    "--settle",
    "settle_seconds",
    metavar="SECONDS",
    type=click.FloatRange(0),
    default=OVER.total_seconds(),
    show_default=True,
    help="When to look again for what was found, and may be work in progress. 0 when no server runs.",
)
@json_option
@click.pass_context
def doctor(ctx: click.Context, fix: bool, settle_seconds: float, as_json: bool) -> None:
    """Find what a crash left behind: unused slug claims, stale bylines, wrong counts and the like.

    Exits with 1 when something was found and not repaired. Run it when no import or seed is running.
    """
    from blogapi.cli.context import run

    findings, advice = run(
        ctx.obj, lambda blog: _examine(blog, fix=fix, settle_seconds=settle_seconds), with_indexes=False
    )
    left = sum(finding.found - finding.fixed for finding in findings)
    if as_json:
        checks = [
            {"check": f.check, "found": f.found, "fixed": f.fixed, "problems": f.problems[:_LISTED]} for f in findings
        ]
        print_json({"ok": not left, "checks": checks, "hints": advice})
    else:
        _print(findings, advice)
        if left and not fix:
            click.echo("\nblogapi doctor --fix repairs what can be repaired.")
    ctx.exit(1 if left else 0)


async def _examine(blog: Blog, *, fix: bool, settle_seconds: float) -> tuple[list[Finding], list[str]]:
    from blogapi.operations.doctor import examine, hints
    from blogapi.users.service import UserService

    findings = await examine(blog.services.checks, settle=lambda: asyncio.sleep(settle_seconds), fix=fix)
    has_admin = bool(await blog.services[UserService].administrators.acting())
    return findings, hints(blog.config, has_admin=has_admin)


def _print(findings: list[Finding], advice: list[str]) -> None:
    print_table(["check", "found", "fixed"], [[finding.check, finding.found, finding.fixed] for finding in findings])
    for finding in findings:
        for problem in finding.problems[:_SHOWN]:
            click.echo(f"  {finding.check}: {problem}")
        if finding.found > _SHOWN:
            click.echo(f"  {finding.check}: and {finding.found - _SHOWN:,} more")
    for hint in advice:
        click.echo(f"  hint: {hint}")
