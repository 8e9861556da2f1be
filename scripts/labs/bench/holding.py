"""What the read cache holds and what keeping costs: many short posts, all asked for alike or a few far more often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from blogapi.config.sections import CacheConfig
from blogapi.db.embedded.mongod import free_port
from scripts.labs.bench.load import HOT, POPULAR, READ, Load, Run
from scripts.labs.bench.requests import middling_answer, public_reads
from scripts.labs.bench.rows import Bench, Row, Samples
from scripts.labs.bench.servers import BLOGAPI, UNCHANGING, Server, serving
from scripts.labs.chance import chance_of

POSTS, BODY_KB = 10_000, 4
"""Of so much Markdown each; the answer is about 12 KB."""
DATABASE = "holding"
HOT_POSTS = 1000
FULL = 0.9
"""Which part of `cache.max_bytes` a cache holds that is called full."""
_LEAST_CACHE = 1024 * 1024
_FILL_SECONDS = 4
_SETTINGS = {
    "holding": {},
    "holding, no cache": {"CACHE__ENABLED": "false"},
    "holding, keeps nothing": {"CACHE__MAX_BYTES": str(_LEAST_CACHE)},
}
_CACHED, _UNCACHED, _TOO_SMALL = _SETTINGS
_BARE = "holding, constant"

_BARE_READ = "bare aiohttp, the bytes of a short post"
_NO_CACHE = "short posts without a cache, all alike"
_ALIKE, _READS = Load(mix=READ), Load(mix=POPULAR)

ROWS = (
    Row(name=_BARE_READ, server=_BARE, load=_ALIKE),
    Row(
        name=f"cached short posts, {HOT_POSTS:,} of them",
        server=_CACHED,
        load=Load(mix=HOT),
        against=_BARE_READ,
        least=0.84,
        warm=2,
    ),
    Row(
        name="cached short posts by popularity (Zipf)",
        server=_CACHED,
        load=_READS,
        against=_BARE_READ,
        least=0.65,
        warm=1,
    ),
    Row(name=_NO_CACHE, server=_UNCACHED, load=_ALIKE),
    Row(name="cached short posts, all alike", server=_CACHED, load=_ALIKE, against=_NO_CACHE, least=1.8, warm=1),
    Row(
        name="short posts, a cache that can keep next to none",
        server=_TOO_SMALL,
        load=_ALIKE,
        against=_NO_CACHE,
        least=0.9,
        warm=1,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a worker with a full cache of the default size took at most, and what its cache held of what it may."""

    peak_mb: float
    kept_mb: float
    most_kept_mb: float

    @property
    def is_full(self) -> bool:
        return self.kept_mb >= FULL * self.most_kept_mb


def measure(
    environ: Mapping[str, str],
    folder: Path,
    rounds: int,
    seconds: float,
    seed: Callable[[int, Mapping[str, str], int], None],
    advance: Callable[[str], None],
) -> tuple[Samples, Holding]:
    """All rows, on a database of their own, which `seed` fills with so many posts of so many KB. Raises Broken."""
    environ, own = {**environ, "BLOGAPI_MONGO__DATABASE": DATABASE}, folder / DATABASE
    own.mkdir()
    advance(f"making {POSTS:,} short posts")
    seed(POSTS, environ, BODY_KB)
    with ExitStack() as stack:

        def server(name: str, *command: str) -> Server:
            settings = {f"BLOGAPI_{key}": value for key, value in _SETTINGS.get(name, {}).items()}
            return stack.enter_context(serving(command, free_port(), {**environ, **settings}, own / f"{name}.log"))

        servers = {name: server(name, *BLOGAPI) for name in _SETTINGS}
        _prepare(servers[_UNCACHED], own)
        servers[_BARE] = server(_BARE, *UNCHANGING, str(own / "a-post"), str(own / "a-post"))
        advance("filling the cache")
        _fill(servers[_CACHED], own)
        bench = Bench(servers=servers, requests=folder, environ=environ, own=dict.fromkeys(servers, own))
        samples = bench.run(ROWS, rounds, seconds, advance)
        peak = max(sample.peak_mb for row in ROWS if row.server == _CACHED for sample in samples.of[row.name])
        kept, most = servers[_CACHED].kept_mb(), default_bytes() / 1e6
        return samples, Holding(peak_mb=peak, kept_mb=kept, most_kept_mb=most)


def default_bytes() -> int:
    """How much a cache of the default size may hold."""
    return CacheConfig().max_bytes


def _prepare(server: Server, folder: Path) -> None:
    reads = public_reads(server)
    chance_of(1).shuffle(reads)  # not the newest are the most popular
    files = {"read": reads, "hot": reads[:HOT_POSTS], "popular": by_popularity(reads)}
    for name, paths in files.items():
        (folder / name).write_text("\n".join(paths))
    (folder / "a-post").write_bytes(middling_answer(server, reads))


def by_popularity(paths: list[str]) -> list[str]:
    """The paths as often as Zipf's law says: the second half as often as the first, the last of n an n-th as often."""
    return [path for rank, path in enumerate(paths, start=1) for _ in range(round(len(paths) / rank))]


def _fill(server: Server, folder: Path) -> None:
    """Ask for each post once, and for many of them again."""
    for path in (folder / "read").read_text().split():
        server.get(path)
    Run(_ALIKE, server.port, folder, seconds=_FILL_SECONDS, seed=0).result()
