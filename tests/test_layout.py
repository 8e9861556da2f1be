"""Imports run one way, the driver stays in its rooms, and a feature is known by its door alone (CONTRIBUTING.md)."""

import ast
import re
from pathlib import Path

import pytest

from blogapi.features import FEATURES

PACKAGE = Path(__file__).parent.parent / "blogapi"
# The list in CONTRIBUTING.md, from the ground floor up: a room may import from its own floor and from those below.
LISTED = re.findall(r"^\d+\. (`.*`|the features.*)$", (PACKAGE.parent / "CONTRIBUTING.md").read_text("utf-8"), re.M)
NAMED = [re.findall(r"`(\w+)`", floor) for floor in LISTED]
# Those whose folder is named in the list already, such as `operations`, bring routes and have no floor of their own.
OF_FEATURES = [
    [feature.name]
    for feature in FEATURES
    if (PACKAGE / feature.name).is_dir() and feature.name not in {room for rooms in NAMED for room in rooms}
]
FLOORS = [
    rooms
    for floor, named in zip(LISTED, NAMED, strict=True)
    for rooms in (OF_FEATURES if floor.startswith("the features") else [named])
]
FLOOR_OF = {room: floor for floor, rooms in enumerate([*FLOORS, ["__main__"]]) for room in rooms}
# A door and the handlers behind it stand above the rooms they are in: they open on access and on what a feature is.
FACES = {"feature.py", "handlers.py"}
# Within a feature, by the names of its files; what has another name may stand anywhere.
STOREYS = {"model": 0, "store": 1, "service": 2, "schemas": 3, "views": 3, "handlers": 4, "feature": 5}
DRIVER = {"bson", "pymongo", "motor"}
FILES = [file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py"]
NAMES = [str(file.relative_to(PACKAGE)) for file in FILES]


def room_of(module):
    """`blogapi.posts.store` is in `posts`."""
    return module.split(".")[1]


def floor_of(file):
    room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    floor = FLOOR_OF[room]
    is_face = file.parent != PACKAGE and file.name in FACES
    return max(floor, FLOOR_OF["feature"]) if is_face else floor


def storey(parts):
    """None of what has a name of its own."""
    return STOREYS["store"] if "store" in parts else STOREYS.get(parts[-1])


def is_store(file):
    """A store is a module, or a folder of that name with a module for each collection."""
    return file.name == "store.py" or file.parent.name == "store"


def imported(file, *, types=True):
    """The modules that a file imports, with those that only type checkers read unless not wished."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not types:
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            # It may be a module, too: `from blogapi.users import handlers`.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(file):
    """Those of its imports that are modules of ours."""
    return [name for name in imported(file) if name.startswith("blogapi.") and name != "blogapi.__version__"]


def test_every_room_has_its_floor():
    rooms = {file.relative_to(PACKAGE).parts[0].removesuffix(".py") for file in FILES}
    assert rooms == FLOOR_OF.keys()
    assert len(FLOOR_OF) == len([room for floor in FLOORS for room in floor]) + 1


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_imports_run_one_way(file):
    upwards = [module for module in ours(file) if FLOOR_OF[room_of(module)] > floor_of(file)]
    assert upwards == []


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_files_of_a_feature_know_each_other_one_way(file):
    """Those of its rooms, too: `posts/previews/service.py` knows no `schemas.py` of posts."""
    own, highest = file.relative_to(PACKAGE).parts[0], storey(file.with_suffix("").parts)
    if highest is not None:
        known = {module for module in ours(file) if room_of(module) == own}
        assert [module for module in known if (storey(module.split(".")) or 0) > highest] == []


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_nobody_reaches_behind_a_door(file):
    behind = {module for module in ours(file) if module.endswith((".feature", ".handlers")) and module.count(".") > 1}
    own = file.relative_to(PACKAGE).parts[0]
    allowed = file.name == "features.py" or all(room_of(module) == own for module in behind)
    assert allowed, behind


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_driver_stays_in_its_rooms(file):
    if "db" not in file.parts and not is_store(file):
        roots = {module.split(".")[0] for module in imported(file, types=False)}
        assert DRIVER.isdisjoint(roots)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_one_module_knows_motor(file):
    if file != PACKAGE / "db" / "driver.py":
        assert "motor" not in {module.split(".")[0] for module in imported(file)}


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_domain_knows_no_web(file):
    if file.name in ("service.py", "model.py") or is_store(file):
        roots = {module.split(".")[0] for module in imported(file)}
        assert {"aiohttp", "marshmallow"}.isdisjoint(roots)
