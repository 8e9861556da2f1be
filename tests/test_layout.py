"""Imports run one way, and the driver stays in its room (CONTRIBUTING.md)."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "blogapi"
# What a room may import from: itself, and the rooms before it.
ORDER = [
    {
        "text",
        "errors",
        "events",
        "config",
        "settings",
        "attempt",
        "changes",
        "counting",
        "deadline",
        "ids",
        "keys",
        "moments",
        "paging",
        "patience",
        "pool",
        "tasks",
    },
    {"addresses", "logs", "ratelimits", "cache", "db", "web"},
    {"users"},
    {"auth"},
    {"tags"},
    {"posts"},
    {"services"},
]
# Rooms that services.py and the handlers stand between: they may import all of the above.
FACES = {"importers", "seeding", "doctor", "system", "app", "cli", "__main__"}
ROOMS = {room: level for level, rooms in enumerate(ORDER) for room in rooms}
DRIVER = {"bson", "pymongo", "motor"}


def modules():
    return [file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py"]


def room_of(file):
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(file, *, types=False):
    """The modules that a file imports; those that only type checkers read if wished."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not types:
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "blogapi")


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_run_one_way(file):
    room = room_of(file)
    if room in FACES:
        return
    # Who asks is known to the services, so a feature's faces import the wiring.
    level = len(ORDER) if file.name in ("handlers.py", "needs.py", "identity.py") else ROOMS[room]
    for module in imported(file):
        parts = module.split(".")
        if parts[0] == "blogapi" and len(parts) > 1 and parts[1] != "__version__":
            assert parts[1] in ROOMS, f"{module} is for the faces"
            assert ROOMS[parts[1]] <= level, f"{room} imports {module}"


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_driver_stays_in_its_room(file):
    if "db" not in file.parts and file.name != "store.py":
        assert DRIVER.isdisjoint(module.split(".")[0] for module in imported(file))


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_one_module_knows_motor(file):
    if file != PACKAGE / "db" / "driver.py":
        assert "motor" not in {module.split(".")[0] for module in imported(file, types=True)}


@pytest.mark.parametrize("name", ["service.py", "model.py", "store.py"])
def test_domain_knows_no_web(name):
    for file in PACKAGE.rglob(name):
        roots = {module.split(".")[0] for module in imported(file)}
        assert {"aiohttp", "marshmallow"}.isdisjoint(roots), file
