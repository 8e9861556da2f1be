"""How long it takes from saving a file until the new code answers, with `serve --reload`."""

from __future__ import annotations

import http.client
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from blogapi.db.embedded.mongod import free_port
from scripts.labs import ROOT
from scripts.labs.bench.load import Broken
from scripts.labs.bench.servers import Server, serving

_WORD, _FILE = '_OK, _FAILED, _ASIDE = "ok",', Path("operations", "health.py")
_LONGEST_SECONDS, _PAUSE_SECONDS, _LOOK_SECONDS = 30, 3, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloads:
    """Seconds from the save to the first answer of the new code."""

    taken: tuple[float, ...]

    @property
    def middle(self) -> float:
        return median(self.taken)


def measure(environ: Mapping[str, str], folder: Path, count: int, advance: Callable[[str], None]) -> Reloads:
    """Save a file of a copy of the package so often. Raises Broken, OSError."""
    package = folder / "blogapi"
    shutil.copytree(ROOT / "blogapi", package)
    module, before = package / _FILE, (package / _FILE).read_text("utf-8")
    if _WORD not in before:
        raise Broken(f"{_FILE} has no line {_WORD!r} any more.")
    settings = {**environ, "PYTHONPATH": str(folder)}
    settings.pop("PYTHONDONTWRITEBYTECODE", None)  # who develops has it compiled once
    with serving(("blogapi", "serve", "--empty", "--reload"), free_port(), settings, folder / "reload.log") as server:
        taken = []
        for number in range(count):
            advance(f"saves: {number + 1} of {count}")
            time.sleep(_PAUSE_SECONDS)  # as if somebody were typing
            word = f"ok {number}"
            module.write_text(before.replace(_WORD, _WORD.replace('"ok"', f'"{word}"')), "utf-8")
            taken.append(_wait_for(server, word))
        return Reloads(taken=tuple(taken))


def _wait_for(server: Server, word: str) -> float:
    start = time.monotonic()
    while (now := time.monotonic() - start) < _LONGEST_SECONDS:
        try:
            if word.encode() in server.get("/healthz"):
                return time.monotonic() - start
        except http.client.HTTPException:
            pass
        time.sleep(_LOOK_SECONDS)
    raise Broken(f"The new code did not answer within {now:.0f} s.")
