"""docs/reference/cli.md says what the commands say."""

import re

import click
import pytest
from mongomock_motor import AsyncMongoMockClient

from blogapi.cli.main import main
from blogapi.db.client import Client
from blogapi.wiring import build_services
from tests.cli.conftest import ROOT

PAGE = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")


def commands(group, prefix=""):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        elif not command.hidden:
            yield prefix + name, command


def section(name):
    """What stands below a heading."""
    found = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"there is no section on {name}"
    return found[1]


@pytest.mark.parametrize(("name", "command"), list(commands(main)), ids=[name for name, _ in commands(main)])
def test_every_command_is_documented_with_all_its_options(name, command):
    rows = re.findall(r"^\| `(--[\w-]+)`", section(name), re.MULTILINE)
    options = {option.opts[0] for option in command.params if isinstance(option, click.Option)}
    assert sorted(rows) == sorted(options - {option.opts[0] for option in main.params})


def test_options_of_all_commands_are_documented():
    rows = re.findall(r"^\| `(--[\w-]+)`", PAGE.partition("\n## ")[0], re.MULTILINE)
    assert sorted(rows) == sorted([*(option.opts[0] for option in main.params), "--help"])


@pytest.mark.parametrize(("name", "command"), list(commands(main)), ids=[name for name, _ in commands(main)])
def test_defaults_are_those_of_the_commands(name, command):
    stated = dict(re.findall(r"^\| `(--[\w-]+)` \|.*Default (\d+)\. \|$", section(name), re.MULTILINE))
    defaults = {o.opts[0]: str(o.default) for o in command.params if type(o.default) is int}
    assert stated == defaults


def test_every_check_of_the_doctor_is_documented(config):
    services = build_services(config, Client(AsyncMongoMockClient())["blogapi"])
    rows = re.findall(r"^\| ([\w' ]+) \|", section("doctor"), re.MULTILINE)
    checks = [check.name for check in services.checks]
    assert [row for row in rows if row not in ("Check", "Option")] == checks


def test_every_command_has_a_script():
    scripts = {name.partition(" ")[0] for name, _ in commands(main)} - {"version"}
    for script in scripts:
        file = ROOT / "scripts" / script
        assert file.stat().st_mode & 0o111
        assert f"-m blogapi {script} " in file.read_text()
