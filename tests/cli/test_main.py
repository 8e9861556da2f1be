import json
import os
import signal
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from pymongo.errors import OperationFailure

from blogapi.cli.main import Commands
from blogapi.errors import BlogError, Conflict, FieldError, Invalid
from tests.cli.conftest import ROOT
from tests.servers import LONG

NOBODY = "mongodb://127.0.0.1:1"
HEAVY = {"aiohttp", "bson", "faker", "markdown_it", "marshmallow", "motor", "pymongo", "rich", "yaml"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["seed"],
        ["seed", "--posts", "many"],
        ["seed", "--posts", "-1"],
        ["--nonsense"],
        ["version", "extra"],
    ],
)
def test_wrong_usage_exits_with_2(commands, arguments):
    result = commands(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr
    assert result.stdout == ""


def test_process_exits_with_2_for_wrong_usage(commands):
    with commands.start("nonsense") as process:
        assert process.wait(LONG) == 2


@pytest.mark.parametrize(
    ("yaml", "settings", "said"),
    [
        ("server: {prot: 9000}", {}, "server.prot: is not a known key. Did you mean server.port?"),
        ("server: {port: '8080'}", {}, "server.port: must be a whole number"),
        ("server: [", {}, "is not valid YAML"),
        ("auth: {secret: abcdefgh}", {}, "auth.secret: is secret and does not belong in a file."),
        ("", {"SERVER__PORT": "65536"}, "environment variable BLOGAPI_SERVER__PORT"),
        ("", {"PORT": "9000"}, "Did you mean BLOGAPI_SERVER__PORT?"),
        ("", {"ENVIRONMENT": "production"}, "mongo.url: is required in production."),
        (
            "server: {port: 0}",
            {"MONGO__URL": f"{NOBODY}/?tls=perhaps"},
            "mongo.url: MongoDB's driver does not accept it",
        ),
        ("mongo: {mongod: ./no-such-program}", {}, "mongo.mongod is "),
    ],
)
@pytest.mark.parametrize("command", ["indexes", "serve"])
def test_wrong_configuration_exits_with_78_and_one_line(commands, command, yaml, settings, said):
    commands.file.write_text(yaml)
    # Somebody else may have the port that is told by default.
    with commands.start(command, **{"METRICS__PORT": "0", **settings}) as process:
        try:
            stdout, stderr = process.communicate(timeout=LONG)
        finally:
            process.kill()
    assert process.returncode == 78
    assert stderr.startswith("blogapi: ")
    assert said in stderr
    assert stderr.count("\n") == 1
    assert stdout == ""


@pytest.mark.parametrize("url", [NOBODY, "mongodb://nowhere.invalid", "mongodb+srv://nowhere.blog.invalid"])
def test_database_that_is_not_there_yet_exits_with_75_and_one_line(commands, url):
    result = commands("indexes", MONGO__URL=f"{url}/", MONGO__TIMEOUT_SECONDS="1")
    assert result.exit_code == 75
    assert result.stderr.startswith("blogapi: mongo.url: no MongoDB primary answers there.")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_url_that_the_driver_refuses_keeps_its_password_to_itself(commands):
    result = commands("indexes", MONGO__URL="mongodb://ada:Tr0ub4dor@127.0.0.1:1/?tls=Tr0ub4dor")
    assert result.exit_code == 78
    assert "Tr0ub4dor" not in result.output


def test_process_exits_with_78_for_a_configuration_that_is_not_there(commands):
    commands.file.unlink()
    with commands.start("doctor", "--json") as process:
        stdout, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 78
    assert stderr == f"blogapi: {commands.file}: cannot be read (No such file or directory). " + (
        "Correct the path or its permissions.\n"
    )
    assert stdout == ""


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (Conflict("This username is taken.", code="username_taken"), 1, "blogapi: This username is taken.\n"),
        (BlogError("One\nthing."), 1, "blogapi: One thing.\n"),
        (
            Invalid([FieldError(pointer="/password", code="too_short", detail="At least 10 characters.")]),
            1,
            "blogapi: password: At least 10 characters.\n",
        ),
        (KeyboardInterrupt(), 130, ""),
        (
            OperationFailure("not authorized on blog", 13),
            1,
            "blogapi: The database refused it: not authorized on blog. Look at the rights of its user.\n",
        ),
        (
            OperationFailure("out of disk space", 14031),
            1,
            "blogapi: The database refused it: out of disk space. Look at its log.\n",
        ),
    ],
)
def test_error_becomes_one_line_and_an_exit_code(error, status, said):
    @click.group("blogapi", cls=Commands)
    def group():
        pass

    @group.command()
    def fail():
        raise error

    result = CliRunner().invoke(group, ["fail"])
    assert (result.exit_code, result.stderr, result.stdout) == (status, said, "")


FULL = "standard output cannot be written: No space left on device. Send it elsewhere.\n"


@pytest.fixture
def on_a_full_disk(commands):
    """Run a command whose output cannot be written: its exit code and what it said."""

    def run(*arguments, **settings):
        with open("/dev/full", "w") as full, commands.start(*arguments, stdout=full, **settings) as process:
            _, stderr = process.communicate(timeout=LONG)
        return process.returncode, stderr

    return run


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has one")
@pytest.mark.parametrize(
    "arguments", [["--help"], ["version"], ["version", "--json"], ["doctor", "--help"], ["import", "markdown", "-h"]]
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_is_a_failure_in_one_line(on_a_full_disk, commands, arguments, unbuffered):
    commands.environ["PYTHONUNBUFFERED"] = unbuffered
    assert on_a_full_disk(*arguments) == (1, f"blogapi: {FULL}")


@pytest.mark.any_driver
@pytest.mark.mongod
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has one")
@pytest.mark.parametrize(
    "arguments",
    [["indexes"], ["doctor", "--settle", "0"], ["doctor", "--json"], ["seed", "--posts", "0"], ["serve", "--empty"]],
    ids=" ".join,
)
def test_result_that_cannot_be_written_is_a_failure_in_one_line(on_a_full_disk, blog, arguments):
    status, stderr = on_a_full_disk(*arguments, LOG__LEVEL="error")
    assert (status, stderr) == (1, f"blogapi: {FULL}")


@pytest.mark.any_driver
@pytest.mark.mongod
def test_reader_that_leaves_is_no_matter(blog):
    with blog.start("indexes") as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


@pytest.mark.mongod
def test_ctrl_c_exits_with_130(blog):
    with blog.start("seed", "--posts", "1000000") as process:
        line = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=LONG)
    assert line.startswith("Writing posts: ")
    assert process.returncode == 130
    assert "Traceback" not in stderr


def test_help_imports_nothing_heavy():
    code = "import sys, blogapi.cli.main; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()


def test_every_command_explains_itself(commands):
    listed = commands("--help").stdout
    for command in ["create-admin", "doctor", "import", "indexes", "keys", "reset-factors", "seed", "serve", "version"]:
        assert command in listed
        assert commands(command, "--help").exit_code == 0


def test_version_needs_no_configuration(commands):
    commands.file.unlink()
    assert commands("version").stdout.startswith("blogapi")
    assert set(json.loads(commands("version", "--json").stdout)) >= {"blogapi", "python", "motor"}
