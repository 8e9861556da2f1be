"""blogapi as it is here beside an earlier commit, in turn: what has become slower?"""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import yaml

from blogapi.db.embedded.mongod import free_port
from scripts.labs import ROOT
from scripts.labs.bench.load import CREATE, HOT, KNOWN, LIST, READ, Broken, Load
from scripts.labs.bench.requests import prepare
from scripts.labs.bench.rows import Bench, Row, Samples
from scripts.labs.bench.servers import BLOGAPI, serving

LEAST = 0.97
_CACHED, _UNCACHED = "cached", "motor"
_HERE, _BEFORE = "{}", "{}, before"
_LOADS = (
    ("cached read", _CACHED, HOT),
    ("cached list of 20", _CACHED, LIST),
    ("cached read, 304", _CACHED, KNOWN),
    ("read, motor", _UNCACHED, READ),
    ("list of 20, motor", _UNCACHED, LIST),
    ("create, motor", _UNCACHED, CREATE),
)


def rows() -> tuple[Row, ...]:
    """Each load on both sides."""
    found = []
    for name, server, mix in _LOADS:
        before, load, warm = _BEFORE.format(name), Load(mix=mix), int(server == _CACHED)
        found.append(Row(name=before, server=_BEFORE.format(server), load=load, warm=warm))
        found.append(Row(name=name, server=server, load=load, against=before, least=LEAST, warm=warm))
    return tuple(found)


def measure(
    commit: str,
    environ: Mapping[str, str],
    folder: Path,
    rounds: int,
    seconds: float,
    seed: Callable[[Mapping[str, str]], None],
    advance: Callable[[str], None],
) -> Samples:
    """All rows. Each side has servers and a database of its own, which `seed` fills alike. Raises Broken, OSError."""
    servers, own = {}, {}
    with ExitStack() as stack:
        for side, root in ((_HERE, ROOT), (_BEFORE, _checkout(commit, folder / "before"))):
            where = folder / side.format("requests")
            where.mkdir()
            settings = _known(environ, root) | {"BLOGAPI_MONGO__DATABASE": side.format("posts").replace(", ", "-")}
            settings["PYTHONPATH"] = os.pathsep.join(filter(None, (str(root), environ.get("PYTHONPATH"))))
            advance(f"making posts with {root}")
            seed(settings)
            for server, cache in ((_CACHED, "true"), (_UNCACHED, "false")):
                name, log = side.format(server), where / f"{server}.log"
                with_cache = _known({**settings, "BLOGAPI_CACHE__ENABLED": cache}, root)
                servers[name] = stack.enter_context(serving(BLOGAPI, free_port(), with_cache, log))
                own[name] = where
            prepare(servers[side.format(_CACHED)], where)
        return Bench(servers=servers, requests=folder, environ=environ, own=own).run(rows(), rounds, seconds, advance)


def _checkout(commit: str, folder: Path) -> Path:
    """The package as it was, and the configuration that it knew. Raises Broken."""
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", commit, "--", "blogapi", "config.yaml"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise Broken(f"git has no {commit}: {done.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _known(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """Without the settings that a version does not know: config.yaml holds every key."""
    sections = yaml.safe_load((root / "config.yaml").read_text("utf-8"))

    def is_known(name: str) -> bool:
        section, mark, key = name.removeprefix("BLOGAPI_").lower().partition("__")
        return not name.startswith("BLOGAPI_") or not mark or key in (sections.get(section) or {})

    return {name: value for name, value in environ.items() if is_known(name)}
