"""The command line of a program of somebody's own: examples/guestbook."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from urllib.request import urlopen

import click
import pytest
from guestbook.__main__ import main as guestbook_main

from blogapi.cli.main import make_main
from blogapi.feature import Feature
from blogapi.features import FEATURES
from tests.cli.conftest import ROOT
from tests.cli.test_serve import facts_of
from tests.servers import LONG

pytestmark = pytest.mark.any_driver
EXAMPLE = ROOT / "examples" / "guestbook"
SCRIPT = """\
from blogapi.cli.main import make_main
from blogapi.features import FEATURES
from guestbook.feature import GUESTBOOK

make_main("blog.py", (*FEATURES, GUESTBOOK))()
"""


@pytest.fixture
def commands(commands):
    search = os.pathsep.join([str(EXAMPLE), str(ROOT)])
    commands.environ["PYTHONPATH"] = search
    return replace(commands, main=guestbook_main)


def test_commands_are_those_of_blogapi_and_its_own(commands):
    listed = commands("--help").stdout
    assert all(command in listed for command in ("serve", "doctor", "entries"))
    assert commands("entries", "--help").exit_code == 0


def test_unknown_setting_of_its_own_is_refused_in_one_line(commands):
    with commands.file.open("a") as file:
        file.write("guestbook: {max_lenght: 7}\n")
    result = commands("entries")
    assert result.exit_code == 78
    assert result.stderr.startswith(
        "guestbook: guestbook.max_lenght: is not a known key. Did you mean guestbook.max_le"
    )


def test_name_of_a_command_is_taken_once():
    @click.command()
    def serve():
        pass

    with pytest.raises(ValueError, match="serve"):
        make_main("twice", (*FEATURES, Feature(name="twice", commands=(serve,))))


def test_settings_and_commands_of_blogapi_itself_are_read_without_its_features():
    # `blogapi --help` and the process that starts the workers load no feature, which would take twice the memory.
    assert [feature.name for feature in FEATURES if feature.settings is not None or feature.commands] == []


@pytest.mark.mongod
def test_commands_know_its_collections_checks_and_services(blog):
    indexes = blog.json("indexes")["indexes"]
    assert "guestbook_entries" in {row["collection"] for row in indexes}
    checks = blog.json("doctor")["checks"]
    assert "stale bylines in the guestbook" in {row["check"] for row in checks}
    assert blog.json("entries") == {"entries": []}


def served(process):
    """The first list of a server, and the end of it."""
    try:
        with urlopen(f"{facts_of(process)['Address']}/v1/guestbook") as response:
            return json.load(response)["items"]
    finally:
        process.terminate()


@pytest.mark.mongod
def test_workers_run_the_same_program(blog):
    with blog.start("serve", "--empty") as process:
        assert served(process) == []
    assert process.returncode == 0


@pytest.mark.mongod
@pytest.mark.parametrize(("script", "started_as"), [("blog.py", "blog.py"), ("blog/__main__.py", "blog")])
def test_workers_run_the_same_script(blog, tmp_path, script, started_as):
    file = tmp_path / script
    file.parent.mkdir(exist_ok=True)
    file.write_text(SCRIPT)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BLOGAPI_")}
    with subprocess.Popen(
        [sys.executable, started_as, "--config", str(blog.file), "serve", "--empty"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**kept, **blog.environ},
    ) as process:
        assert served(process) == []
    assert process.returncode == 0


@pytest.mark.mongod
def test_program_without_a_file_says_that_it_cannot_serve(blog):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BLOGAPI_")}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, "--config", str(blog.file), "serve", "--empty"],
        capture_output=True,
        text=True,
        env={**kept, **blog.environ},
        timeout=LONG,
    )
    assert run.returncode == 78
    assert run.stderr.endswith("start it as a module or script.\n")
