"""The code of the how-tos runs as it stands there."""

import ast
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections import defaultdict

import pytest

from tests.servers import ROOT

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
        put(block, file, {"store.py": "TagStore", "service.py": "TagService"}.get(file.name))
    return tmp_path


def outcome(project, *arguments):
    """How many tests of the page passed and failed, by name."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/tags", "-k", "neighbour", "-p", "no:cacheprovider", "-rA", *arguments],
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
        timeout=300,
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
    store = project / "blogapi" / "tags" / "store.py"
    text = store.read_text("utf-8")
    assert text.count(source) == 1
    store.write_text(text.replace(source, ""), "utf-8")
    found, output = outcome(project, "-m", "mongod")
    assert found["FAILED"] == {shown_by}, output
