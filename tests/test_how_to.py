"""The code of the how-tos runs as it stands there."""

import ast
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from collections import defaultdict
from types import SimpleNamespace
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from pymongo import MongoClient

from blogapi.db.embedded.mongod import free_port
from tests.conftest import PASSWORD
from tests.servers import LONG, ROOT

pytestmark = pytest.mark.any_driver
PAGES = ROOT / "docs" / "how-to"
# A file is named in the text before its code: "in `blogapi/tags/model.py`".
_NAMED = re.compile(r"\bin `([\w/-]+\.py)`|^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def code_of(page):
    """The blocks of Python on a page, each with the file that is named last before it."""
    found, file = [], None
    for name, block in _NAMED.findall((PAGES / page).read_text("utf-8")):
        if name:
            file = name
        else:
            found.append((file, block))
    return found


@pytest.mark.parametrize(("name", "block"), code_of("extend.md"))
def test_code_of_the_page_is_that_of_the_example(name, block):
    text = (ROOT / "examples" / "guestbook" / name).read_text("utf-8")
    assert block in text or textwrap.indent(block, "    ") in text


def environment(*path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BLOGAPI_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(map(str, path))}


def put(block, file, class_name):
    """Put code of the page into a file, as a reader would: imports first, a method into its class, all else last."""
    if not file.exists():
        file.write_text(block, "utf-8")
        return
    text = file.read_text("utf-8")
    imports = [line for line in block.splitlines(keepends=True) if line.startswith("from ")]
    code = block.removeprefix("".join(imports)).lstrip("\n")
    if "(self," in code.splitlines()[0]:
        (room,) = [node for node in ast.parse(text).body if getattr(node, "name", "") == class_name]
        lines = text.splitlines(keepends=True)
        lines.insert(room.end_lineno, "\n" + textwrap.indent(code, "    "))
        text = "".join(lines)
    else:
        text = f"{text}\n\n{code}"
    file.write_text(text.replace("\nfrom blogapi.", f"\n{''.join(imports)}from blogapi.", 1), "utf-8")


@pytest.fixture
def project(tmp_path):
    """A copy of this project with the example of add-an-endpoint.md in it."""
    for name in ("blogapi", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, block in code_of("add-an-endpoint.md"):
        file = tmp_path / name
        put(block, file, {"tags.py": "TagStore", "service.py": "TagService"}.get(file.name))
    return tmp_path


def outcome(project, *arguments):
    """How many tests of the page passed and failed, by name."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/tags", "-k", "neighbour", "-p", "no:cacheprovider", "-rA", *arguments],
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
        timeout=2 * LONG,
    )
    found = defaultdict(set)
    for result, name in re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\w+)", run.stdout, re.MULTILINE):
        found[result].add(name)
    return dict(found), run.stdout


GOES, COMES = "test_neighbour_without_a_post_is_one_no_more", "test_new_tag_comes_between"


@pytest.mark.mongod
def test_endpoint_of_the_page_passes_the_tests_of_the_page(project):
    found, output = outcome(project)
    assert found.keys() == {"PASSED"}, output
    assert {GOES, COMES, "test_neighbours_of_a_tag_are_those_around_it"} <= found["PASSED"]


@pytest.mark.mongod
@pytest.mark.parametrize(
    ("source", "shown_by"), [('ids=[tag["_id"] for tag in found], ', GOES), (', found=["list"]', COMES)]
)
def test_missing_source_is_found_by_the_tests_of_the_page(project, source, shown_by):
    store = project / "blogapi" / "tags" / "store" / "tags.py"
    text = store.read_text("utf-8")
    assert text.count(source) == 1
    store.write_text(text.replace(source, ""), "utf-8")
    found, output = outcome(project, "-m", "mongod")
    assert found["FAILED"] == {shown_by}, output


@pytest.fixture
def programs(tmp_path):
    """A folder with the programs of embed.md."""
    for name, block in code_of("embed.md"):
        (tmp_path / name).write_text(block, "utf-8")
    (tmp_path / "config.yaml").write_text("auth: {bcrypt_rounds: 4}\nlimits: {enabled: false}\n")
    return tmp_path


def test_app_in_a_test_of_somebody_elses(programs):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--asyncio-mode=auto", "test_blog.py"]
    run = subprocess.run(command, cwd=programs, env=environment(ROOT), capture_output=True, text=True, timeout=LONG)
    assert "1 passed" in run.stdout, run.stdout


async def test_token_is_verified_by_the_program_of_the_page(client, ada, config, tmp_path):
    ((name, block),) = code_of("verify-a-token.md")
    # Where this blog listens is not what it is called.
    issuer = config.public_url
    (tmp_path / name).write_text(block.replace("issuer=blog)", f"issuer={issuer!r})"), "utf-8")
    address = str(client.make_url("")).rstrip("/")

    async def verify(token):
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, name, address),
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        said, why = await program.communicate(token.encode())
        return program.returncode, said.decode().strip(), why.decode()

    assert await verify(ada.access_token) == (0, ada.id, "")
    head, claims, signature = ada.access_token.split(".")
    for token in (f"{head}.{claims}.{signature[::-1]}", f"{head}.{claims}.", ada.refresh_token, ""):
        status, said, why = await verify(token)
        assert (status, said) == (1, "")
        assert why.startswith("refused: ")


async def test_program_of_the_page_signs_in_in_two_steps(client, ada, tmp_path):
    ((name, block),) = code_of("second-factors.md")
    (tmp_path / name).write_text(block, "utf-8")
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, name, str(client.make_url("")).rstrip("/"), "ada"),
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    said, _ = await program.communicate(PASSWORD.encode())
    assert said.decode().splitlines() == [
        "recovery codes: 10",
        "mfa_required by totp or recovery_code",
        "signed in as ada",
        "recovery codes left: 9",
    ]


@pytest.fixture
def blog(programs, mongo_url):
    """Runs a program of the page on a database with somebody in it."""
    own = {
        "BLOGAPI_CONFIG": str(programs / "config.yaml"),
        "BLOGAPI_MONGO__URL": mongo_url,
        "BLOGAPI_MONGO__DATABASE": "embedded",
        "BLOGAPI_SERVER__PORT": str(free_port()),
        "SITE_PORT": str(free_port()),
    }
    with MongoClient(mongo_url) as client:
        client.drop_database("embedded")

    def start(*command):
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=programs,
            env={**environment(ROOT), **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def output(*command):
        with start(*command) as process:
            stdout, stderr = process.communicate(timeout=LONG)
        assert process.returncode == 0, stderr
        return stdout.strip()

    output("-m", "blogapi", "create-admin", "--username", "ada", "--email", "ada@example.org", "--generate")
    return SimpleNamespace(start=start, output=output, folder=programs, **own)


def get(port, path):
    """What a server says, once it listens."""
    deadline = time.monotonic() + LONG
    while time.monotonic() < deadline:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=LONG) as response:
                return response.read().decode()
        except HTTPError:
            raise  # it listens, and has failed
        except URLError:
            time.sleep(0.1)
    raise AssertionError(f"Nobody listens on {port}.")


@pytest.mark.mongod
def test_scripts_and_site_of_somebody_elses(blog):
    (blog.folder / "Hello.md").write_text("Some *text*.")
    assert blog.output("count.py") == "0"
    post = blog.output("publish.py", "Hello.md", "ada")
    assert blog.output("count.py") == "1"
    with blog.start("site_with_blog.py") as process:
        try:
            assert "<li>Hello</li>" in get(blog.SITE_PORT, "/")
            assert "<em>text</em>" in json.loads(get(blog.BLOGAPI_SERVER__PORT, f"/v1/posts/{post}"))["html"]
        finally:
            process.terminate()
    assert process.returncode == 0
