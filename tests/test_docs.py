"""The documents hold together. That the reference names every setting, route and error code, and says the same as the
code, is tested beside the code: tests/config/test_config.py, tests/openapi/test_document.py.
"""

import re
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from tests.servers import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def prose(page):
    """What is not code."""
    return re.sub(r"```.*?```|`[^`\n]+`", "", page.read_text("utf-8"), flags=re.DOTALL)


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def anchors(page):
    """As forges make them of headings."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page):
    dead = []
    for link in LINK.findall(prose(page)):
        parts = urlsplit(link)
        if not parts.scheme:
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            is_there = target.exists() and (not parts.fragment or parts.fragment in anchors(target))
            dead += [] if is_there else [link]
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_python_in_it_compiles(page):
    for block in blocks(page, "python"):
        compile(block, page.name, "exec")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_in_it_exist(page):
    named = set(re.findall(r"(?<![\w./])(scripts/[\w-]+|deploy/[\w.-]+)", page.read_text("utf-8")))
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_every_page_is_in_the_index():
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(index.read_text("utf-8"))}
    assert sorted(page for page in PAGES if page.is_relative_to(index.parent) and page not in {*linked, index}) == []


def test_workflow_tests_all_versions_that_the_package_takes():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    (job,) = workflow["jobs"].values()
    versions = job["strategy"]["matrix"]["python"]
    setup = (ROOT / "setup.cfg").read_text("utf-8")
    assert set(re.findall(r"Python :: (3\.\d+)$", setup, re.MULTILINE)) <= set(versions)
    assert f"python_requires = >={versions[0]}" in setup
    assert {"run": ".ci/run"} in job["steps"]
